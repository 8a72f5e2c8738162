package catalogue

var serviceEntries = []Entry{}
