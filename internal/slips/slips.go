// Package slips tells how far one word is from another, for words that people mistyped.
package slips

// longest is the length in octets above which words are not compared.
const longest = 64

// Distance is the number of octets to add, drop, change or swap (with the next) to make a into b: Levenshtein's, with the swap as
// one step. A word above 64 octets is 64 away from any other.
func Distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return longest
	}
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
