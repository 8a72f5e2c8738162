// Package provider holds facts about mailbox providers and what surrounds them as
// data: each with its source and date, in our own words. Nothing here looks anything up.
package provider
