package e2e

import "testing"

// TestTakeOverTables: what texts and names mean in tables of each type, which of several lines counts, and what never fits.
func TestTakeOverTables(t *testing.T) {
	need(t, "/usr/sbin/opendkim")
	const plain = "KeyTable refile:%[1]s/KeyTable\nSigningTable file:%[1]s/SigningTable\n"
	files := map[string]string{
		"list":    "alpha.example\n*.alpha.example\n",
		"globs":   "one.* alpha.example:a:%[1]s/a.alpha.example\nTWO* sub.alpha.example:s:%[1]s/s.sub.alpha.example\n* %:b:%[1]s/b.beta.example\n",
		"dots":    ".alpha.example\n",
		"ordered": "s* alpha.example:a:%[1]s/a.alpha.example\ns sub.alpha.example:s:%[1]s/s.sub.alpha.example\nk sub.alpha.example:s:%[1]s/s.sub.alpha.example\nk* alpha.example:a:%[1]s/a.alpha.example\n",
		"doubled": "k sub.alpha.example:s:%[1]s/s.sub.alpha.example\nk alpha.example:a:%[1]s/a.alpha.example\n",
		"domains": "*.alpha.example sub.alpha.example:s:%[1]s/s.sub.alpha.example\nalpha.example alpha.example:a:%[1]s/a.alpha.example\n",
	}
	for name, c := range map[string]struct {
		conf, table string
		authors     []string
	}{
		"refile without @": {tables, "*news.sub.alpha.example s.sub.alpha.example\n*.alpha.example a.alpha.example\nsales*ta.example b.beta.example\n*lpha.example a.alpha.example\n.beta.example b.beta.example\nbeta.example b.beta.example\n", []string{
			"x@alpha.example", "x@sub.alpha.example", "x@deep.sub.alpha.example", "x.alpha.example@beta.example", "x@news.sub.alpha.example", "x@oldnews.sub.alpha.example", "news.sub.alpha.example@beta.example",
			"sales@beta.example", "sales-eu@beta.example", "x@beta.example", "x@sub.beta.example",
		}},
		"refile with several * and no @": {tables, "a*-*b*alpha.example a.alpha.example\nany*sub* s.sub.alpha.example\nto*.beta.* b.beta.example\n", []string{
			"a-b@alpha.example", "a-@b.alpha.example", "a@x-b.alpha.example", "ab@alpha.example", "any@sub.alpha.example", "anysub@sub.alpha.example", "x@sub.alpha.example", "to@x.beta.example", "to.beta.x@sub.beta.example", "to@beta.example",
		}},
		"refile, subdomains":        {tables, "*@.alpha.example s.sub.alpha.example\nx@*.alpha.example a.alpha.example\n*@*.beta.example b.beta.example\n", []string{"y@sub.alpha.example", "x@sub.alpha.example", "x@deep.sub.alpha.example", "x@beta.example", "x@sub.beta.example"}},
		"refile, any":               {tables, "x@* a.alpha.example\n* a.alpha.example\n", []string{"x@sub.alpha.example", "y@alpha.example"}},
		"refile, odd characters":    {tables, "a?b@alpha.example a.alpha.example\na+b@alpha.example a.alpha.example\n(c)@alpha.example a.alpha.example\n^d@alpha.example a.alpha.example\ne|f@alpha.example a.alpha.example\ng$@alpha.example a.alpha.example\nh{1}@alpha.example a.alpha.example\n", []string{"a?b@alpha.example", "ab@alpha.example", "a+b@alpha.example", "aab@alpha.example", "^d@alpha.example", "g$@alpha.example", "h{1}@alpha.example"}},
		"file, * that is looked up": {plain, "x@* a.alpha.example\n* s.sub.alpha.example\n", []string{"x@alpha.example", "x@sub.alpha.example", "y@sub.alpha.example", "y@deep.sub.alpha.example"}},
		"file, * that is not": {plain, "*@alpha.example a.alpha.example\n*@*.beta.example b.beta.example\n*.beta.example b.beta.example\nx*@sub.alpha.example s.sub.alpha.example\n*@* a.alpha.example\nz@*.alpha.example a.alpha.example\n*@.sub.alpha.example s.sub.alpha.example\n.deep.sub.alpha.example a.alpha.example\n", []string{
			"x@alpha.example", "x@sub.beta.example", "x@sub.alpha.example", "z@sub.alpha.example", "z@x.sub.alpha.example", "x@x.deep.sub.alpha.example",
		}},
		"csl, * that is not": {"KeyTable refile:%[1]s/KeyTable\nSigningTable csl:*@alpha.example=a.alpha.example,sub.alpha.example=s.sub.alpha.example,*@sub.alpha.example=a.alpha.example\n", "", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"file, order": {plain, "* a.alpha.example\n.sub.alpha.example a.alpha.example\nx@.alpha.example s.sub.alpha.example\n.alpha.example s.sub.alpha.example\ny@* s.sub.alpha.example\nsub.alpha.example a.alpha.example\nz@sub.alpha.example s.sub.alpha.example\nw@.sub.alpha.example s.sub.alpha.example\n", []string{
			"x@deep.sub.alpha.example", "y@deep.sub.alpha.example", "v@deep.sub.alpha.example", "w@deep.sub.alpha.example", "x@sub.alpha.example", "z@sub.alpha.example", "Z@Sub.Alpha.example", "y@sub.sub.alpha.example",
		}},
		"file, capitals":                            {plain, "X@Alpha.example a.alpha.example\nSUB.alpha.example s.sub.alpha.example\n", []string{"x@alpha.example", "X@Alpha.example", "x@sub.alpha.example"}},
		"file, twice":                               {plain, "sub.alpha.example s.sub.alpha.example\nsub.alpha.example a.alpha.example\n", []string{"x@sub.alpha.example"}},
		"file, several":                             {plain + "MultipleSignatures yes\n", "sub.alpha.example s.sub.alpha.example\nsub.alpha.example a.alpha.example\nx@deep.alpha.example a.alpha.example\n.alpha.example s.sub.alpha.example\nx@sub.alpha.example a.alpha.example\n", []string{"x@sub.alpha.example", "y@sub.alpha.example", "y@deep.sub.alpha.example"}},
		"file, key names in capitals":               {plain, "alpha.example A.alpha.example\nsub.alpha.example s.Sub.alpha.example\n", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"KeyTable file, key names in capitals":      {"KeyTable file:%[1]s/KeyTable\nSigningTable file:%[1]s/SigningTable\n", "alpha.example A.alpha.example\nsub.alpha.example s.sub.alpha.example\n", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"KeyTable refile with *":                    {"KeyTable refile:%[1]s/globs\nSigningTable file:%[1]s/SigningTable\n", "alpha.example one.alpha\nsub.alpha.example two\nbeta.example three\n", []string{"x@alpha.example", "x@sub.alpha.example", "x@beta.example"}},
		"KeyTable file with *":                      {"KeyTable file:%[1]s/globs\nSigningTable file:%[1]s/SigningTable\n", "alpha.example one.alpha\nsub.alpha.example two\nbeta.example three\n", []string{"x@alpha.example", "x@sub.alpha.example", "x@beta.example"}},
		"key by the domain, KeyTable refile with *": {"KeyTable refile:%[1]s/domains\nSigningTable file:%[1]s/SigningTable\n", "alpha.example %\n.alpha.example %\n", []string{"x@alpha.example", "x@sub.alpha.example", "x@beta.example"}},
		"Domain *.x":                                {"Domain *.alpha.example\nSelector a\nKeyFile %[1]s/a.alpha.example\n", "", []string{"x@sub.alpha.example", "x@alpha.example"}},
		"Domain refile":                             {"Domain refile:%[1]s/list\nSelector a\nKeyFile %[1]s/a.alpha.example\n", "", []string{"x@alpha.example", "x@Alpha.example", "x@sub.alpha.example", "x@beta.example"}},
		"Domain refile, SubDomains":                 {"Domain refile:%[1]s/list\nSelector a\nSubDomains yes\nKeyFile %[1]s/a.alpha.example\n", "", []string{"x@alpha.example", "x@sub.alpha.example", "x@deep.alpha.example", "x@beta.example"}},
		"Domain of one and all":                     {"Domain *,alpha.example\nSelector a\nKeyFile %[1]s/a.alpha.example\nSubDomains yes\n", "", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"Domain with a dot":                         {"Domain .alpha.example\nSelector a\nKeyFile %[1]s/a.alpha.example\n", "", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"Domain with a dot, SubDomains":             {"Domain .alpha.example\nSelector a\nKeyFile %[1]s/a.alpha.example\nSubDomains yes\n", "", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"Domain, nested":                            {"Domain alpha.example,sub.alpha.example\nSelector s\nKeyFile %[1]s/s.sub.alpha.example\nSubDomains yes\n", "", []string{"x@sub.alpha.example", "x@deep.sub.alpha.example"}},
		"Domain refile with a dot":                  {"Domain refile:%[1]s/dots\nSelector a\nKeyFile %[1]s/a.alpha.example\nSubDomains yes\n", "", []string{"x@alpha.example", "x@sub.alpha.example"}},
		"Domain in capitals":                        {"Domain Alpha.Example\nSelector a\nKeyFile %[1]s/a.alpha.example\n", "", []string{"x@alpha.example", "x@ALPHA.example"}},
		"KeyTable and Domain":                       {tables + "Domain alpha.example\nSelector a\nKeyFile %[1]s/a.alpha.example\n", "*@beta.example b.beta.example\n", []string{"x@alpha.example", "x@beta.example"}},
		"key table order":                           {"KeyTable refile:%[1]s/ordered\nSigningTable file:%[1]s/SigningTable\n", "sub.alpha.example s\nalpha.example none\ndeep.sub.alpha.example k\n", []string{"x@alpha.example", "x@sub.alpha.example", "x@deep.sub.alpha.example"}},
		"KeyTable file twice":                       {"KeyTable file:%[1]s/doubled\nSigningTable file:%[1]s/SigningTable\n", "sub.alpha.example k\n", []string{"x@sub.alpha.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := takeOver(t, c.conf, c.table, files)
			for i, author := range c.authors {
				p.sameSignatures(t, name+": "+author, likeness(author, i*5), nil, "you@here.example")
			}
		})
	}
}
