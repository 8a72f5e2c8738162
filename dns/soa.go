package dns

import (
	"strconv"
	"strings"
)

// soaNegativeTTL is how long a negative answer may be kept: the least of the SOA's
// own TTL and its MINIMUM field (RFC 2308 section 5).
func soaNegativeTTL(soa Record) uint32 {
	fields := strings.Fields(soa.Data)
	if len(fields) != 7 {
		return 0
	}
	minimum, err := strconv.ParseUint(fields[6], 10, 32)
	if err != nil {
		return 0
	}
	return min(soa.TTL, uint32(minimum))
}
