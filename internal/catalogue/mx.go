package catalogue

var mxEntries = []Entry{}
