// Command todoku makes a domain's mail arrive.
package main

func main() {}
