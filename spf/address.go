package spf

import (
	"encoding/binary"
	"net/netip"
)

// address is an IPv4 address in the low 32 bits of lo, or an IPv6 address. Which
// of them it is is known from where it stands.
type address struct{ hi, lo uint64 }

// addressOf takes an address without a zone; an IPv4-mapped one stays IPv6.
func addressOf(a netip.Addr) address {
	if a.Is4() {
		b := a.As4()
		return address{lo: uint64(binary.BigEndian.Uint32(b[:]))}
	}
	b := a.As16()
	return address{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func (a address) addr4() netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], uint32(a.lo))
	return netip.AddrFrom4(b)
}

func (a address) addr6() netip.Addr {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], a.hi)
	binary.BigEndian.PutUint64(b[8:], a.lo)
	return netip.AddrFrom16(b)
}

// inIP4 reports whether the first bits of two IPv4 addresses are the same.
func (a address) inIP4(net address, bits uint8) bool {
	return (a.lo^net.lo)>>(32-bits) == 0
}

// inIP6 reports whether the first bits of two IPv6 addresses are the same.
func (a address) inIP6(net address, bits uint8) bool {
	if bits <= 64 {
		return (a.hi^net.hi)>>(64-bits) == 0
	}
	return a.hi == net.hi && (a.lo^net.lo)>>(128-bits) == 0
}
