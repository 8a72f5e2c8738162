module github.com/todoku/todoku/bench

go 1.26.0

require (
	blitiri.com.ar/go/spf v1.6.0
	github.com/emersion/go-msgauth v0.7.0
)

require golang.org/x/crypto v0.31.0 // indirect

replace github.com/todoku/todoku => ../
