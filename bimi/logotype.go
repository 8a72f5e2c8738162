package bimi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"io"
	"net/url"
	"strings"
)

type pkixExtension = pkix.Extension

// The logotype extension (RFC 9399 section 4.1), as far as a mark certificate needs it:
// subjectLogo, direct, its images.
type logotypeImage struct {
	mediaType string
	hashes    []logotypeHash
	// packed is what the data: URI carries, svg the same without gzip.
	packed, svg []byte
}

type logotypeHash struct {
	Algorithm pkix.AlgorithmIdentifier
	Value     []byte
}

const maxImages = 8

// element is one DER value.
type element = asn1.RawValue

// children reads the values inside a constructed one, at most 64.
func children(der []byte) (out []element, ok bool) {
	for len(der) > 0 {
		var e element
		rest, err := asn1.Unmarshal(der, &e)
		if err != nil || len(out) == 64 {
			return nil, false
		}
		out = append(out, e)
		der = rest
	}
	return out, true
}

func sequence(e element) bool {
	return e.Class == asn1.ClassUniversal && e.Tag == asn1.TagSequence && e.IsCompound
}

func tagged(e element, tag int) bool {
	return e.Class == asn1.ClassContextSpecific && e.Tag == tag && e.IsCompound
}

// parseLogotype gives the images of the subject's logo.
func parseLogotype(der []byte) (images []logotypeImage, ok bool) {
	var extn element
	if rest, err := asn1.Unmarshal(der, &extn); err != nil || len(rest) > 0 || !sequence(extn) {
		return nil, false
	}
	parts, ok := children(extn.Bytes)
	if !ok {
		return nil, false
	}
	for _, part := range parts {
		if !tagged(part, 2) { // subjectLogo [2] EXPLICIT LogotypeInfo
			continue
		}
		info, ok := children(part.Bytes)
		if !ok || len(info) != 1 || !tagged(info[0], 0) { // direct [0] LogotypeData
			return nil, false
		}
		return parseImages(info[0].Bytes)
	}
	return nil, false
}

func parseImages(der []byte) (images []logotypeImage, ok bool) {
	data, ok := children(der)
	if !ok || len(data) == 0 || !sequence(data[0]) {
		return nil, false
	}
	list, ok := children(data[0].Bytes)
	if !ok || len(list) > maxImages {
		return nil, false
	}
	for _, e := range list {
		fields, ok := children(e.Bytes) // LogotypeImage: details, info
		if !ok || !sequence(e) || len(fields) == 0 || !sequence(fields[0]) {
			return nil, false
		}
		image, ok := parseDetails(fields[0].Bytes)
		if !ok {
			return nil, false
		}
		images = append(images, image)
	}
	return images, true
}

// parseDetails reads LogotypeDetails: media type, hashes, URIs.
func parseDetails(der []byte) (image logotypeImage, ok bool) {
	f, ok := children(der)
	if !ok || len(f) < 3 || !sequence(f[1]) || !sequence(f[2]) {
		return image, false
	}
	image.mediaType = string(f[0].Bytes)
	hashes, ok := children(f[1].Bytes)
	if !ok {
		return image, false
	}
	for _, h := range hashes {
		var one logotypeHash
		if _, err := asn1.Unmarshal(h.FullBytes, &one); err != nil {
			return image, false
		}
		image.hashes = append(image.hashes, one)
	}
	uris, ok := children(f[2].Bytes)
	if !ok {
		return image, false
	}
	for _, u := range uris {
		if packed, ok := dataURI(string(u.Bytes)); ok {
			image.packed, image.svg = packed, gunzip(packed)
			break
		}
	}
	return image, true
}

// dataURI decodes a data: URI (RFC 2397).
func dataURI(uri string) ([]byte, bool) {
	const scheme = "data:"
	if len(uri) < len(scheme) || !strings.EqualFold(uri[:len(scheme)], scheme) {
		return nil, false
	}
	head, text, ok := strings.Cut(uri[len(scheme):], ",")
	if !ok {
		return nil, false
	}
	if strings.HasSuffix(strings.ToLower(head), ";base64") {
		b, err := base64.StdEncoding.DecodeString(text)
		return b, err == nil
	}
	plain, err := url.PathUnescape(text)
	return []byte(plain), err == nil
}

// gunzip unpacks b where it is packed, at most MaxDocument octets; nil where it cannot.
func gunzip(b []byte) []byte {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxDocument+1))
	if err != nil || len(out) > MaxDocument {
		return nil
	}
	return out
}

var (
	oidSHA1   = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	oidSHA256 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512 = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
)

// hashFits reports whether a known hash of the extension is that of one of forms. (A
// logo is packed in the certificate, and authorities do not agree on which form is
// hashed.) It is true where no hash is of a known algorithm.
func (i *logotypeImage) hashFits(forms ...[]byte) bool {
	known := false
	for _, h := range i.hashes {
		for _, form := range forms {
			sum := digest(h.Algorithm.Algorithm, form)
			known = known || sum != nil
			if sum != nil && bytes.Equal(sum, h.Value) {
				return true
			}
		}
	}
	return !known
}

func digest(algorithm asn1.ObjectIdentifier, b []byte) []byte {
	switch {
	case algorithm.Equal(oidSHA1):
		s := sha1.Sum(b)
		return s[:]
	case algorithm.Equal(oidSHA256):
		s := sha256.Sum256(b)
		return s[:]
	case algorithm.Equal(oidSHA384):
		s := sha512.Sum384(b)
		return s[:]
	case algorithm.Equal(oidSHA512):
		s := sha512.Sum512(b)
		return s[:]
	}
	return nil
}
