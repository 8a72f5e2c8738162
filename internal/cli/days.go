package cli

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// days is a duration flag that also takes days: 30d.
type days time.Duration

func (d *days) Set(text string) error {
	if n, ok := strings.CutSuffix(text, "d"); ok {
		v, err := strconv.ParseUint(n, 10, 16)
		if err != nil {
			return err
		}
		*d = days(time.Duration(v) * 24 * time.Hour)
		return nil
	}
	v, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	if v < 0 {
		return errors.New("it is below zero")
	}
	*d = days(v)
	return nil
}

func (d *days) String() string {
	v := time.Duration(*d)
	if v > 0 && v%(24*time.Hour) == 0 {
		return strconv.Itoa(int(v/(24*time.Hour))) + "d"
	}
	return v.String()
}

func (d *days) Type() string { return "days" }
