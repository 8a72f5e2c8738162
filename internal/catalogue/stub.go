package catalogue

// Lookup gives the entry of an ID.
func Lookup(id string) (Entry, bool) { panic("todo") }

// All gives every entry, sorted by ID.
func All() []Entry { panic("todo") }

// Sort orders findings by the contract: fail, unknown, warn, info, pass; then rank; then area and id.
func Sort(fs []Finding) { panic("todo") }

// Title, Detail and Fix of a finding in a language, placeholders filled.
func (f Finding) Title(lang string) string   { panic("todo") }
func (f Finding) Detail(lang string) string  { panic("todo") }
func (f Finding) Fix(lang string) string     { panic("todo") }
func (f Finding) Steps(lang string) []string { panic("todo") }
func (f Finding) Refs() []string             { panic("todo") }
