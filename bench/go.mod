module github.com/todoku/todoku/bench

go 1.26.0

require (
	blitiri.com.ar/go/spf v1.6.0
	github.com/emersion/go-msgauth v0.7.0
)

require (
	github.com/miekg/dns v1.1.73 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

require (
	github.com/todoku/todoku v0.0.0
	golang.org/x/crypto v0.58.0 // indirect
)

replace github.com/todoku/todoku => ../
