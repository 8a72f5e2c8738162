// Package cli is the command line: flags, files and exit codes. It decides nothing about mail.
package cli
