//go:build !unix

package milter

import "net"

func newSource(conn net.Conn) source { return plain{conn} }
