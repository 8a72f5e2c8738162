package warmup

import (
	"testing"

	"github.com/todoku/todoku/internal/store"
)

func TestVolumes(t *testing.T) {
	st := openStore(t)
	day := func(ago int) string { return date(noon.AddDate(0, 0, -ago)) }
	list := []store.Volume{
		{Day: day(0), Source: "192.0.2.2", Provider: "gmail", Author: "a.example", Messages: 3000, Paced: 7},
		{Day: day(0), Source: "192.0.2.2", Provider: "*", Author: "b.example", Messages: 1500},
		{Day: day(0), Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 1500},
		{Day: day(31), Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 9000},
		{Day: day(-1), Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 9000},
		{Day: day(1), Source: "", Provider: "gmail", Author: "a.example", Messages: 30},
	}
	for ago := 1; ago <= 30; ago++ {
		list = append(list, store.Volume{Day: day(ago), Source: "192.0.2.1", Provider: "gmail", Author: "a.example", Messages: 1200},
			store.Volume{Day: day(ago), Source: "192.0.2.2", Provider: "gmail", Author: "a.example", Messages: 1000})
	}
	if err := st.AddVolume(ctx, list); err != nil {
		t.Fatal(err)
	}
	got, err := volumes(ctx, st, noon)
	if err != nil || len(got) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	if s := got[0]; s.Source != "" || s.Today != 0 || s.Mean != 1 || s.Standing != Neutral || s.Why != "few" {
		t.Errorf("%+v", s)
	}
	if s := got[1]; s.Today != 1500 || s.Mean < 1199 || s.Mean > 1201 || s.Standing != Good {
		t.Errorf("%+v", s)
	}
	if s := got[2]; s.Today != 4500 || s.Paced != 7 || s.Providers["gmail"] != 3000 || s.Standing != Neutral || s.Why != "change" {
		t.Errorf("%+v", s)
	}
}
