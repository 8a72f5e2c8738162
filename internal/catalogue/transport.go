package catalogue

var transportEntries = []Entry{}
