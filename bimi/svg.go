package bimi

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a logo.
const (
	// MaxSVG is the most octets that a logo may have: 32 kilobytes.
	MaxSVG = 32 << 10
	// MaxTitle is how many characters a title should have at most.
	MaxTitle = 64

	maxTokens = 50_000
	maxDepth  = 100
	maxFaults = 50
)

// The IDs of the problems of a logo.
const (
	TooLarge          = "too-large"          // over MaxSVG; Value is the number of octets
	NotXML            = "not-xml"            // Value is where it stops to be
	NotUTF8           = "not-utf8"           // in another encoding
	NotSVG            = "not-svg"            // the root is no svg element of the SVG namespace
	Compressed        = "compressed"         // gzip, where plain SVG is wanted
	HasDoctype        = "entities"           // a DOCTYPE that declares things
	WrongVersion      = "version"            // of the root: not 1.2
	WrongProfile      = "base-profile"       // of the root: not tiny-ps
	NoTitle           = "no-title"           // the root has no title with text
	LongTitle         = "long-title"         // advice
	RootPosition      = "root-x-y"           // x or y on the root
	NoViewBox         = "no-viewbox"         // advice
	NotSquare         = "not-square"         // advice
	Script            = "script"             // an element, an event attribute, or a javascript: link
	Animation         = "animation"          //
	RasterImage       = "image"              // an image element or data:image
	ExternalReference = "external-reference" // anything that would be fetched, links too
	ForbiddenElement  = "forbidden-element"  // not in SVG Tiny PS, such as foreignObject and style
	StyleAttribute    = "style-attribute"    // not in SVG Tiny
	ForeignContent    = "foreign-content"    // an element of another namespace outside metadata; advice
	TooComplex        = "too-complex"        // over the bounds of this check
)

// SVG is what [CheckSVG] found.
type SVG struct {
	Octets      int    `json:"octets"`
	Title       string `json:"title"`
	Version     string `json:"version"`
	BaseProfile string `json:"base_profile"`
	ViewBox     string `json:"view_box"`
	// Problems are at most 50.
	Problems []Problem `json:"problems"`
}

// Valid reports whether receivers will show the logo, as far as the file tells.
func (s *SVG) Valid() bool { return valid(s.Problems) }

// CheckSVG checks a logo against SVG Tiny PS. It reads XML as a stream of tokens,
// expands no entities and fetches nothing.
func CheckSVG(file []byte) *SVG {
	c := &svgCheck{svg: &SVG{Octets: len(file)}, seen: make(map[Problem]bool)}
	if len(file) > MaxSVG {
		c.problem(TooLarge, "", strconv.Itoa(len(file)))
	}
	if len(file) > MaxDocument {
		return c.svg
	}
	if bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		c.problem(Compressed, "", "gzip")
		return c.svg
	}
	if !utf8.Valid(file) {
		c.problem(NotUTF8, "", "")
		return c.svg
	}
	c.read(file)
	return c.svg
}

const svgSpace = "http://www.w3.org/2000/svg"

// allowed are the elements of SVG Tiny PS.
var allowed = words("svg title desc metadata g defs use path rect circle line ellipse polyline polygon " +
	"linearGradient radialGradient stop solidColor text tspan textArea tbreak switch " +
	"font font-face font-face-src font-face-uri font-face-name glyph missing-glyph hkern")

var animations = words("animate animateColor animateMotion animateTransform set mpath discard")

func words(list string) map[string]bool {
	m := make(map[string]bool)
	for w := range strings.FieldsSeq(list) {
		m[w] = true
	}
	return m
}

type svgCheck struct {
	svg      *SVG
	seen     map[Problem]bool
	depth    int
	metadata int  // the depth of the metadata element that we are in, else 0
	inTitle  bool // the title of the root
	ended    bool // the root has ended
}

func (c *svgCheck) problem(id, name, value string) {
	p := Problem{id, clip(name), clip(value)}
	if len(c.seen) < maxFaults && !c.seen[p] {
		c.seen[p] = true
		c.svg.Problems = append(c.svg.Problems, p)
	}
}

var errEncoding = errors.New("another encoding")

func (c *svgCheck) read(file []byte) {
	d := xml.NewDecoder(bytes.NewReader(file))
	d.CharsetReader = func(label string, r io.Reader) (io.Reader, error) {
		if strings.EqualFold(label, "us-ascii") {
			return r, nil
		}
		return nil, errEncoding
	}
	for range maxTokens {
		t, err := d.Token()
		if err == io.EOF {
			c.finish()
			return
		}
		if errors.Is(err, errEncoding) || err != nil && strings.Contains(err.Error(), errEncoding.Error()) {
			c.problem(NotUTF8, "", "")
			return
		}
		if err != nil {
			line, _ := d.InputPos()
			c.problem(NotXML, "", "line "+strconv.Itoa(line))
			return
		}
		if !c.token(t) {
			return
		}
	}
	c.problem(TooComplex, "", "")
}

// token reads on where it gives true.
func (c *svgCheck) token(t xml.Token) bool {
	switch t := t.(type) {
	case xml.StartElement:
		if c.depth++; c.depth > maxDepth {
			c.problem(TooComplex, "", "")
			return false
		}
		return c.start(t)
	case xml.EndElement:
		if c.depth--; c.depth < c.metadata {
			c.metadata = 0
		}
		c.inTitle = false
		c.ended = c.depth == 0
	case xml.CharData:
		if c.inTitle && len(c.svg.Title) < 1000 {
			c.svg.Title += string(t)
		}
	case xml.Directive:
		if bytes.ContainsRune(t, '[') {
			c.problem(HasDoctype, "DOCTYPE", "")
		}
	case xml.ProcInst:
		if t.Target != "xml" { // xml-stylesheet, which would be fetched
			c.problem(ExternalReference, "?"+t.Target, "")
		}
	}
	return true
}

func (c *svgCheck) start(e xml.StartElement) bool {
	if c.depth == 1 {
		if e.Name.Local != "svg" || e.Name.Space != svgSpace || c.ended {
			c.problem(NotSVG, e.Name.Local, e.Name.Space)
			return false
		}
		c.root(e)
	} else {
		c.element(e)
	}
	for _, a := range e.Attr {
		c.attribute(e, a)
	}
	return true
}

func (c *svgCheck) root(e xml.StartElement) {
	for _, a := range e.Attr {
		if a.Name.Space != "" {
			continue
		}
		switch a.Name.Local {
		case "version":
			c.svg.Version = a.Value
		case "baseProfile":
			c.svg.BaseProfile = a.Value
		case "viewBox":
			c.svg.ViewBox = a.Value
		case "x", "y":
			c.problem(RootPosition, a.Name.Local, a.Value)
		}
	}
	if c.svg.Version != "1.2" {
		c.problem(WrongVersion, "version", c.svg.Version)
	}
	if c.svg.BaseProfile != "tiny-ps" {
		c.problem(WrongProfile, "baseProfile", c.svg.BaseProfile)
	}
}

func (c *svgCheck) element(e xml.StartElement) {
	name := e.Name.Local
	switch {
	case c.metadata > 0: // anything may stand there; it is not drawn
		if e.Name.Space == svgSpace && (name == "script" || name == "foreignObject" || name == "image") {
			c.problem(ForbiddenElement, name, "")
		}
	case e.Name.Space != svgSpace:
		c.problem(ForeignContent, name, e.Name.Space)
	case name == "metadata":
		c.metadata = c.depth
	case name == "title":
		c.inTitle = c.depth == 2 && c.svg.Title == ""
	case name == "script" || name == "handler" || name == "listener":
		c.problem(Script, name, "")
	case animations[name]:
		c.problem(Animation, name, "")
	case name == "image":
		c.problem(RasterImage, name, "")
	case name == "a":
		c.problem(ExternalReference, name, "")
	case !allowed[name]:
		c.problem(ForbiddenElement, name, "")
	}
}

func (c *svgCheck) attribute(e xml.StartElement, a xml.Attr) {
	if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || c.metadata > 0 {
		return
	}
	name, value := a.Name.Local, strings.TrimSpace(a.Value)
	lower := strings.ToLower(value)
	switch {
	case strings.HasPrefix(lower, "javascript:"):
		c.problem(Script, name, value)
	case name == "href" && strings.HasPrefix(lower, "data:image"):
		c.problem(RasterImage, name, value)
	case name == "href" && value != "" && !strings.HasPrefix(value, "#"),
		name == "base" && a.Name.Space == "http://www.w3.org/XML/1998/namespace",
		externalURL(lower):
		c.problem(ExternalReference, name, value)
	case a.Name.Space != "" || e.Name.Space != svgSpace:
	case len(name) > 2 && strings.HasPrefix(name, "on"):
		c.problem(Script, name, value)
	case name == "style":
		c.problem(StyleAttribute, e.Name.Local, value)
	}
}

// externalURL reports whether value holds url(...) that is not of this document.
func externalURL(value string) bool {
	for {
		_, rest, found := strings.Cut(value, "url(")
		if !found {
			return false
		}
		if !strings.HasPrefix(strings.TrimLeft(rest, " \t\"'"), "#") {
			return true
		}
		value = rest
	}
}

func (c *svgCheck) finish() {
	if !c.ended {
		c.problem(NotSVG, "", "")
		return
	}
	c.svg.Title = strings.Join(strings.Fields(c.svg.Title), " ")
	switch n := utf8.RuneCountInString(c.svg.Title); {
	case n == 0:
		c.problem(NoTitle, "title", "")
	case n > MaxTitle:
		c.problem(LongTitle, "title", c.svg.Title)
	}
	width, height, ok := viewBox(c.svg.ViewBox)
	switch {
	case !ok:
		c.problem(NoViewBox, "viewBox", c.svg.ViewBox)
	case width != height:
		c.problem(NotSquare, "viewBox", c.svg.ViewBox)
	}
}

func viewBox(s string) (width, height float64, ok bool) {
	f := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" \t\r\n,", r) })
	if len(f) != 4 {
		return 0, 0, false
	}
	width, err1 := strconv.ParseFloat(f[2], 64)
	height, err2 := strconv.ParseFloat(f[3], 64)
	return width, height, err1 == nil && err2 == nil && width > 0 && height > 0
}

// clip shortens what a problem quotes.
func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}
