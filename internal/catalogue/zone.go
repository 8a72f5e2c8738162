package catalogue

var dnsEntries = []Entry{}
