package render

// Headline is the one-line verdict of a report that every door shows first.
type Headline struct {
	// Status: pass, fail, warn or unknown.
	Status string
	// Title is "This message passes DMARC" and the like; Sub the single most important thing to fix.
	Title, Sub string
}

// Headline gives the headline in a language.
func (r *Report) Headline(lang string) Headline { panic("todo") }
