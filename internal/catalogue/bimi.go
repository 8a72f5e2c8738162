package catalogue

var bimiEntries = []Entry{}
