// Package house holds the tests of what is true of the whole repository: documents name what is there, every exported name says
// what it is, and functions fit on a screen.
package house
