package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"unicode/utf8"
)

var namespaceForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}\.encrypted_backups\.fleet_keys\.v1$`)

const (
	artifactBytesMax   = 131072
	artifactFleetsMax  = 16
	leafBytesMax       = 16384
	descriptorBytesMax = 16384
	trustRootBytesMax  = 65536
	trustRootKeysMax   = 32
	revocationsMax     = 256
)

type fleet struct {
	fleetID, configHash, evidence []byte
	groups                        int64
	status                        string
}

type artifact struct {
	namespace string
	epoch     int64
	fleets    []fleet
}

func parseArtifact(data []byte) artifact {
	d := document{"bad-artifact"}
	top := d.object(d.parse(data, artifactBytesMax), "v", "namespace", "epoch", "previous", "fleets")
	d.integer(top["v"], 1, 1)
	a := artifact{namespace: d.text(top["namespace"], namespaceForm), epoch: d.integer(top["epoch"], 1, treeSizeMax)}
	d.require((top["previous"] == nil) == (a.epoch == 1), "previous exactly from epoch 2 on")
	if top["previous"] != nil {
		d.hex(top["previous"], 32)
	}
	ids := map[string]bool{}
	for _, item := range d.list(top["fleets"], artifactFleetsMax) {
		fields := d.object(item, "descriptor", "evidence", "status")
		f := d.descriptor(fields["descriptor"])
		f.evidence = d.hex(fields["evidence"], 32)
		f.status = d.text(fields["status"], regexp.MustCompile(`^(serving|draining|revoked)$`))
		d.require(!ids[string(f.fleetID)], "a fleet twice")
		ids[string(f.fleetID)] = true
		a.fleets = append(a.fleets, f)
	}
	d.require(len(a.fleets) > 0, "no fleet")
	return a
}

var siteForm = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// descriptor checks a fleet descriptor (docs/spec/formats.md, section 4).
func (d document) descriptor(value any) fleet {
	encoded := canonical(value)
	d.require(len(encoded) <= descriptorBytesMax, "a descriptor over its limit")
	top := d.object(value, "v", "fleetId", "quorum", "rollbackTolerance", "groups", "budgetLimit", "keys")
	d.integer(top["v"], 1, 1)
	keys := d.list(top["keys"], 2+15)
	d.require(len(keys) >= 3, "too few keys")
	d.fleetKey(keys[0], "channel", "X-Wing", 1216)
	d.fleetKey(keys[1], "opaque", "ristretto255", 32)
	seen := map[string]bool{}
	for _, item := range keys[2:] {
		fields := d.object(item, "role", "alg", "key", "site")
		d.require(fields["role"] == "hsm" && fields["alg"] == "Ed25519", "not a member")
		site, key := d.text(fields["site"], siteForm), string(d.hex(fields["key"], 32))
		d.require(!seen[site] && !seen["key "+key], "a site or key twice")
		seen[site], seen["key "+key] = true, true
	}
	members := int64(len(keys) - 2)
	tolerance := d.integer(top["rollbackTolerance"], 0, members)
	d.integer(top["quorum"], (members+tolerance)/2+1, members)
	d.integer(top["budgetLimit"], 1, 10)
	hash := sha256.Sum256(encoded)
	return fleet{fleetID: d.hex(top["fleetId"], 16), configHash: hash[:], groups: d.integer(top["groups"], 1, 32)}
}

func (d document) fleetKey(value any, role, alg string, length int) {
	fields := d.object(value, "role", "alg", "key")
	d.require(fields["role"] == role && fields["alg"] == alg, "another role")
	d.hex(fields["key"], length)
}

type leaf struct {
	namespace                                string
	epoch, notAfterMs, trustRootVersion      int64
	digest, message, auditorKey, auditorSig  []byte
	operatorKey, operatorCompat, operatorSig []byte
	evidence                                 [][]byte
}

func parseLeaf(data []byte) leaf {
	d := document{"bad-leaf"}
	top := d.object(d.parse(data, leafBytesMax), "v", "ns", "epoch", "digest", "auditor", "operator", "evidence",
		"prevLeaf", "notAfter", "trustRootVersion")
	d.integer(top["v"], 1, 1)
	auditor := d.object(top["auditor"], "msg", "key", "sig")
	operator := d.object(top["operator"], "key", "sigCompat", "sig")
	l := leaf{
		namespace:        d.text(top["ns"], namespaceForm),
		epoch:            d.integer(top["epoch"], 1, treeSizeMax),
		notAfterMs:       d.integer(top["notAfter"], 0, treeSizeMax),
		trustRootVersion: d.integer(top["trustRootVersion"], 1, treeSizeMax),
		digest:           d.hex(top["digest"], 32),
		message:          d.anyHex(auditor["msg"], 512),
		auditorKey:       d.hex(auditor["key"], 32),
		auditorSig:       d.hex(auditor["sig"], 64),
		operatorKey:      d.hex(operator["key"], 32),
		operatorCompat:   d.hex(operator["sigCompat"], 64),
		operatorSig:      d.hex(operator["sig"], 64),
	}
	d.require((top["prevLeaf"] == nil) == (l.epoch == 1), "prevLeaf exactly from epoch 2 on")
	if top["prevLeaf"] != nil {
		d.hex(top["prevLeaf"], 32)
	}
	for _, item := range d.list(top["evidence"], artifactFleetsMax) {
		l.evidence = append(l.evidence, d.hex(item, 32))
	}
	return l
}

// plexiMessage is what the auditor signs, suite 1.
type plexiMessage struct {
	namespace          string
	timestampMs, epoch int64
	digest             []byte
}

func (m plexiMessage) encode() []byte {
	inner := binary.AppendUvarint([]byte{0x08}, uint64(m.epoch))
	out := append(binary.AppendUvarint([]byte{0x08, 1, 0x12}, uint64(len(m.namespace))), m.namespace...)
	out = binary.AppendUvarint(append(out, 0x18), uint64(m.timestampMs))
	out = append(binary.AppendUvarint(append(out, 0x22), uint64(len(inner))), inner...)
	return append(binary.AppendUvarint(append(out, 0x2a), uint64(len(m.digest))), m.digest...)
}

// parsePlexi reads any protobuf with the five fields and then insists on the one encoding.
func parsePlexi(data []byte) plexiMessage {
	const code = "bad-plexi"
	m := plexiMessage{}
	scanProtobuf(data, func(field uint64, number uint64, part []byte) {
		switch field {
		case 2:
			m.namespace = string(part)
		case 3:
			m.timestampMs = int64(number)
		case 4:
			scanProtobuf(part, func(field uint64, number uint64, _ []byte) {
				if field == 1 {
					m.epoch = int64(number)
				}
			})
		case 5:
			m.digest = part
		}
	})
	isInRange := m.timestampMs >= 0 && m.timestampMs <= treeSizeMax && m.epoch >= 0 && m.epoch <= treeSizeMax
	require(isInRange && len(m.digest) == 32, code, "a field missing or out of range")
	require(utf8.ValidString(m.namespace) && len(m.namespace) >= 1 && len(m.namespace) <= 255, code, "namespace")
	require(bytes.Equal(m.encode(), data), code, "a second encoding")
	return m
}

func scanProtobuf(data []byte, found func(field uint64, number uint64, part []byte)) {
	const code = "bad-plexi"
	for len(data) > 0 {
		tag, n := binary.Uvarint(data)
		require(n > 0, code, "not protobuf")
		number, m := binary.Uvarint(data[n:])
		require(m > 0, code, "not protobuf")
		data = data[n+m:]
		var part []byte
		if tag&7 == 2 {
			require(number <= uint64(len(data)), code, "not protobuf")
			part, data = data[:number], data[number:]
		}
		found(tag>>3, number, part)
	}
}

func (l leaf) countersigned() []byte {
	message := sha256.Sum256(l.message)
	evidence := sha256.Sum256(bytes.Join(l.evidence, nil))
	parts := [][]byte{[]byte("coffer/countersign/v1\x00"), message[:], l.auditorSig, l.auditorKey, evidence[:]}
	return binary.BigEndian.AppendUint64(bytes.Join(parts, nil), uint64(l.notAfterMs))
}

type trustRoot struct {
	version             int64
	namespace, origin   string
	threshold           int
	rootKeys            [][]byte
	auditors, operators [][]byte
	policy              *policy
	present, rebuilders [][]byte
	revokedAt           map[string]int64
	message             []byte
	signatures          map[string][]byte
}

func parseTrustRoot(data []byte) *trustRoot {
	d := document{"bad-trust-root"}
	file := d.object(d.parse(data, trustRootBytesMax), "signed", "signatures")
	top := d.object(file["signed"], "v", "version", "namespace", "origin", "rootKeys", "auditors", "operators", "policy",
		"ceremony", "rebuilders", "revocations")
	d.integer(top["v"], 1, 1)
	keys := d.object(top["rootKeys"], "threshold", "keys")
	root := &trustRoot{
		version:    d.integer(top["version"], 1, treeSizeMax),
		namespace:  d.text(top["namespace"], namespaceForm),
		origin:     d.text(top["origin"], nil),
		rootKeys:   d.ascendingHex(keys["keys"], 32, trustRootKeysMax),
		auditors:   d.ascendingHex(top["auditors"], 32, trustRootKeysMax),
		operators:  d.ascendingHex(top["operators"], 32, trustRootKeysMax),
		revokedAt:  map[string]int64{},
		message:    append([]byte("coffer/trust-root/v1\x00"), canonical(file["signed"])...),
		signatures: map[string][]byte{},
	}
	root.threshold = int(d.integer(keys["threshold"], 1, int64(len(root.rootKeys))))
	ceremony := d.object(top["ceremony"], "threshold", "witnesses")
	root.present = d.anyAscendingHex(ceremony["witnesses"], 32, trustRootKeysMax)
	d.integer(ceremony["threshold"], 0, int64(len(root.present)))
	rebuilders := d.object(top["rebuilders"], "threshold", "keys")
	root.rebuilders = d.anyAscendingHex(rebuilders["keys"], 32, trustRootKeysMax)
	d.integer(rebuilders["threshold"], 0, int64(len(root.rebuilders)))
	policyText := d.text(top["policy"], nil)
	d.require(codeOf(func() { root.policy = parsePolicy([]byte(policyText)) }) == "", "policy")
	d.require(root.policy.quorum != "none", "no quorum of witnesses")
	previous := ""
	for _, item := range d.list(top["revocations"], revocationsMax) {
		fields := d.object(item, "key", "revokedAtSize")
		key := string(d.hex(fields["key"], 32))
		d.require(key > previous, "revocations out of order")
		previous = key
		root.revokedAt[key] = d.integer(fields["revokedAtSize"], 0, treeSizeMax)
	}
	previous = ""
	for _, item := range d.list(file["signatures"], 2*trustRootKeysMax) {
		fields := d.object(item, "key", "sig")
		key := string(d.hex(fields["key"], 32))
		d.require(key > previous, "signatures out of order")
		previous = key
		root.signatures[key] = d.hex(fields["sig"], 64)
	}
	root.checkKeys(d)
	return root
}

func (root *trustRoot) checkKeys(d document) {
	d.require(len(root.policy.logs) > 0, "no log")
	seen := map[string]bool{}
	once := func(key []byte) {
		d.require(!seen[string(key)], "one key in two roles")
		seen[string(key)] = true
	}
	for _, k := range root.policy.logs {
		d.require(k.name == root.origin, "a log key of another origin")
		once(k.public)
	}
	for _, k := range root.policy.witnesses {
		once(k.public)
	}
	for _, list := range [][][]byte{root.rootKeys, root.auditors, root.operators, root.present, root.rebuilders} {
		for _, key := range list {
			once(key)
		}
	}
	ids := map[byte]bool{}
	for _, key := range root.auditors {
		d.require(!ids[key[31]], "two auditor keys with one key id")
		ids[key[31]] = true
	}
}

func contains(list [][]byte, key []byte) bool {
	for _, each := range list {
		if bytes.Equal(each, key) {
			return true
		}
	}
	return false
}

func (root *trustRoot) requireInForce(key []byte, size int64) {
	at, revoked := root.revokedAt[string(key)]
	require(!revoked || size <= at, "key-revoked", hex.EncodeToString(key))
}

// verifyRotation checks one step from a trust root to the next.
func verifyRotation(current, next *trustRoot) {
	require(next.version == current.version+1, "version-not-next", "versions go up by one")
	require(next.namespace == current.namespace && next.origin == current.origin, "other-log", "another log")
	for _, keys := range []*trustRoot{current, next} {
		count := 0
		for _, key := range keys.rootKeys {
			sig := next.signatures[string(key)]
			if len(sig) == 64 && ed25519.Verify(key, next.message, sig) {
				count++
			}
		}
		require(count >= keys.threshold, "below-threshold", "too few root keys signed")
	}
	for key, at := range current.revokedAt {
		nextAt, still := next.revokedAt[key]
		listed := contains(next.auditors, []byte(key)) || contains(next.operators, []byte(key))
		for _, k := range next.policy.logs {
			listed = listed || string(k.public) == key
		}
		require(still && nextAt <= at || !still && !listed, "revocation-undone", "a revoked key is believed again")
	}
}
