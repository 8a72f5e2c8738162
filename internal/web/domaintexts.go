package web

// domainTexts are the texts for the words of packages panel, keys and store, by kind and word.
var domainTexts = map[string]string{
	"do.retire":         "domains.do.retire",
	"do.rollback":       "domains.do.rollback",
	"do.rotate":         "domains.do.rotate",
	"has.absent":        "domains.has.absent",
	"has.other":         "domains.has.other",
	"has.shows":         "domains.has.shows",
	"has.unreachable":   "domains.has.unreachable",
	"key.prepared":      "domains.key.prepared",
	"key.published":     "domains.key.published",
	"key.removed":       "domains.key.removed",
	"key.retiring":      "domains.key.retiring",
	"key.revealed":      "domains.key.revealed",
	"key.signing":       "domains.key.signing",
	"now.disabled":      "domains.now-disabled",
	"now.dkim-off":      "domains.now-dkim-off",
	"now.key-waits":     "domains.now-key-waits",
	"now.no-key":        "domains.now-no-key",
	"now.signing":       "domains.now-signing",
	"reason.elsewhere":  "domains.reason.elsewhere",
	"reason.few-seen":   "domains.reason.few-seen",
	"reason.unsigned":   "domains.reason.unsigned",
	"reason.disabled":   "domains.reason.disabled",
	"reason.dkim-off":   "domains.reason.dkim-off",
	"reason.findings":   "domains.reason.findings",
	"reason.key-waits":  "domains.reason.key-waits",
	"reason.no-check":   "domains.reason.no-check",
	"reason.no-key":     "domains.reason.no-key",
	"reason.no-reports": "domains.reason.no-reports",
	"reason.old-check":  "domains.reason.old-check",
	"reason.unseen":     "domains.reason.unseen",
	"waits.caches":      "domains.waits.caches",
	"waits.gone":        "domains.waits.gone",
	"waits.mail":        "domains.waits.mail",
	"waits.publish":     "domains.waits.publish",
	"waits.remove":      "domains.waits.remove",
	"waits.reveal":      "domains.waits.reveal",
	"waits.servers":     "domains.waits.servers",
}

// keyProblem is what is wrong with a key, as a page says it: English within another language where there are no words for it.
type keyProblem struct {
	Text    string
	English bool
}
