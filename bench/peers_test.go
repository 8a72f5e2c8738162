package bench

import (
	_ "blitiri.com.ar/go/spf"
	_ "github.com/emersion/go-msgauth/dkim"
)
