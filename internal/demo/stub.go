// Package demo is serve on loopback against a private DNS with sample domains and mail.
package demo
