package message

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/todoku/todoku/internal/testcorpus"
)

// corpusDate is a date as mail-parser's cases write it.
type corpusDate struct {
	Year, Month, Day, Hour, Minute, Second int
	Before                                 bool `json:"tz_before_gmt"`
	TZHour                                 int  `json:"tz_hour"`
	TZMinute                               int  `json:"tz_minute"`
}

func (d corpusDate) time() time.Time {
	offset := d.TZHour*3600 + d.TZMinute*60
	if d.Before {
		offset = -offset
	}
	return time.Date(d.Year, time.Month(d.Month), d.Day, d.Hour, d.Minute, d.Second, 0, time.FixedZone("", offset))
}

// dateDiffers are the cases of mail-parser that we read otherwise.
var dateDiffers = map[int]string{
	10: "a month as a number",
	12: "numbers in a row are no date",
	28: "a whole Received value: ParseReceived takes the date out of it",
}

func TestMailParserDates(t *testing.T) {
	var cases []struct {
		Header   string
		Expected *corpusDate
	}
	if err := json.Unmarshal(testcorpus.Read(t, "rfc5322/mail-parser/date.json"), &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		got, err := ParseDate(strings.ReplaceAll(strings.TrimSuffix(c.Header, "\n"), "\n", "\r\n"))
		same := (c.Expected == nil) == (err != nil) && (err != nil || got.Equal(c.Expected.time()))
		if same != (dateDiffers[i] == "") {
			t.Errorf("%d %q: %v, %v; corpus %+v", i, c.Header, got, err, c.Expected)
		}
	}
}

func TestParseDate(t *testing.T) {
	for in, want := range map[string]string{
		"Tue, 1 Jul 2003 10:52:37 +0200":        "2003-07-01T10:52:37+02:00",
		"Tue, 01 Jul 2003 10:52:37 -0000":       "2003-07-01T10:52:37Z",
		"1 Jul 2003 10:52 +0545":                "2003-07-01T10:52:00+05:45",
		"29 Feb 2024 00:00:00 +0000":            "2024-02-29T00:00:00Z",
		"30 Jun 2015 23:59:60 +0000":            "2015-07-01T00:00:00Z", // a leap second
		"1 Jan 49 00:00:00 GMT":                 "2049-01-01T00:00:00Z", // section 4.3
		"1 Jan 50 00:00:00 GMT":                 "1950-01-01T00:00:00Z",
		"1 Jan 103 00:00:00 GMT":                "2003-01-01T00:00:00Z",
		"1 Jan 2003 00:00:00 pdt":               "2003-01-01T00:00:00-07:00",
		"1 Jan 2003 00:00:00 (no zone)":         "2003-01-01T00:00:00Z",
		"Wed (x), 1 (y) Jul 2003 10 : 52 +0000": "2003-07-01T10:52:00Z", // not a Wednesday: accepted
		"":                                      "",
		"Tue, 1 Jul 2003":                       "",
		"32 Jan 2003 00:00:00 +0000":            "",
		"29 Feb 2023 00:00:00 +0000":            "",
		"0 Jan 2003 00:00:00 +0000":             "",
		"1 Jan 2003 24:00:00 +0000":             "",
		"1 Jan 2003 00:60:00 +0000":             "",
		"1 Jan 2003 00:00:61 +0000":             "",
		"1 Jan 1899 00:00:00 +0000":             "",
		"1 Jan 20031 00:00:00 +0000":            "",
		"1 Jan 2003 00:00:00 +0260":             "",
		"1 Jan 2003 00:00:00 +02:00":            "",
		"1 Jan 2003 00:00:00 +200":              "",
		"2003-07-01T10:52:37Z":                  "",
		"Die, 1 Jul 2003 10:52:37 +0200":        "",
		"1 Jul 2003 10:52:37 +0200\x00":         "2003-07-01T10:52:37+02:00",
		"((((1 Jul 2003 10:52:37 +0200":         "",
	} {
		got, err := ParseDate(in)
		s := ""
		if err == nil {
			s = got.Format(time.RFC3339)
		}
		if s != want {
			t.Errorf("%q: %q, %v; want %q", in, s, err, want)
		}
	}
}

// FuzzParseDate: a date that parses is the same when written as RFC 5322 says.
func FuzzParseDate(f *testing.F) {
	f.Add("Tue, 1 Jul 2003 10:52:37 +0200")
	f.Add("1 (a (b)) Jul 03 1:02 EST")
	f.Add("30 Jun 2015 23:59:60 -9959")
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseDate(s)
		if err != nil {
			return
		}
		if got.Year() > 9999 || got.Year() < 1900 {
			return // an hour of an offset away from the limit
		}
		again, err := ParseDate(got.Format("Mon, 2 Jan 2006 15:04:05 -0700"))
		if err != nil || !again.Equal(got) {
			t.Errorf("%q is %v, which is %v, %v", s, got, again, err)
		}
	})
}
