package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	bundleBytesMax    = 1048576
	proofFileBytesMax = 45*proofHashesMax + 2*proofExtraMax + 256 + noteBytesMax
	maturityMax       = 4
	freshMs           = 48 * 3600 * 1000
)

type loggedEpoch struct {
	artifact, leaf, proof []byte
	consistency           []tlog.Hash // of an older epoch only
}

type bundle struct {
	loggedEpoch
	maturity []loggedEpoch
	fromSize int64
	hashes   []tlog.Hash
}

var bundleMagic = []byte("coffer/bundle/v1\x00")

// cursor reads the layouts of docs/spec/formats.md, section 1.
type cursor struct{ rest []byte }

func (c *cursor) take(length uint32) []byte {
	require(uint64(length) <= uint64(len(c.rest)), "bad-bundle", "truncated")
	part := c.rest[:length]
	c.rest = c.rest[length:]
	return part
}

func (c *cursor) u32(max int) uint32 {
	value := binary.BigEndian.Uint32(c.take(4))
	require(uint64(value) <= uint64(max), "bad-bundle", "over its limit")
	return value
}

func (c *cursor) logged() loggedEpoch {
	artifact := c.take(c.u32(artifactBytesMax))
	leaf := c.take(c.u32(leafBytesMax))
	return loggedEpoch{artifact: artifact, leaf: leaf, proof: c.take(c.u32(proofFileBytesMax))}
}

func (c *cursor) hashes() []tlog.Hash {
	hashes := []tlog.Hash{}
	for count := c.u32(proofHashesMax); count > 0; count-- {
		hashes = append(hashes, *(*tlog.Hash)(c.take(tlog.HashSize)))
	}
	return hashes
}

func parseBundle(data []byte) bundle {
	isBundle := len(data) <= bundleBytesMax && bytes.HasPrefix(data, bundleMagic)
	require(isBundle, "bad-bundle", "not a bundle within its limit")
	c := &cursor{data[len(bundleMagic):]}
	b := bundle{loggedEpoch: c.logged()}
	for count := c.u32(maturityMax); count > 0; count-- {
		older := c.logged()
		older.consistency = c.hashes()
		b.maturity = append(b.maturity, older)
	}
	size := binary.BigEndian.Uint64(c.take(8))
	require(size <= treeSizeMax, "bad-bundle", "not a tree size")
	b.fromSize, b.hashes = int64(size), c.hashes()
	require(len(c.rest) == 0, "bad-bundle", "something after it")
	return b
}

func (b bundle) encode() []byte {
	out := append([]byte{}, bundleMagic...)
	part := func(data []byte) { out = append(binary.BigEndian.AppendUint32(out, uint32(len(data))), data...) }
	logged := func(l loggedEpoch) { part(l.artifact); part(l.leaf); part(l.proof) }
	hashes := func(list []tlog.Hash) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(list)))
		for _, hash := range list {
			out = append(out, hash[:]...)
		}
	}
	logged(b.loggedEpoch)
	out = binary.BigEndian.AppendUint32(out, uint32(len(b.maturity)))
	for _, older := range b.maturity {
		logged(older)
		hashes(older.consistency)
	}
	out = binary.BigEndian.AppendUint64(out, uint64(b.fromSize))
	hashes(b.hashes)
	return out
}

// clientTrust is what a client remembers; tree is nil before the first bundle.
type clientTrust struct {
	rootVersion, epoch, verifiedMs int64
	tree                           *tlog.Tree
}

func parseClientTrust(data []byte) clientTrust {
	d := document{"bad-client-trust"}
	top := d.object(d.parse(data, 262144), "v", "trustRootVersion", "epoch", "verifiedMs", "checkpoint")
	d.integer(top["v"], 1, 1)
	trust := clientTrust{
		rootVersion: d.integer(top["trustRootVersion"], 0, treeSizeMax),
		epoch:       d.integer(top["epoch"], 0, treeSizeMax),
		verifiedMs:  d.integer(top["verifiedMs"], 0, treeSizeMax),
	}
	if top["checkpoint"] != nil {
		known := parseCheckpoint(openNote([]byte(d.text(top["checkpoint"], nil)), nil, "").Text).Tree
		trust.tree = &known
	}
	return trust
}

// bundleRequest is one case of bundles.json.
type bundleRequest struct {
	data         []byte
	root         *trustRoot
	trust        clientTrust
	nowMs        int64
	waitingMs    int64
	exempt       [][]byte
	namespace    string
	origin       string
	fleetID      []byte
	configHash   []byte
	group        *int64
	use          string
	acceptedHash [][]byte // result: configHashes
}

type verifiedEpoch struct {
	artifact           artifact
	leaf               leaf
	index              int64
	signed             *signedCheckpoint
	newestMs, oldestMs int64
}

// verifyBundle is the client's table again, written from its rows.
func verifyBundle(r *bundleRequest) {
	clockMs := r.nowMs
	if r.trust.verifiedMs > clockMs {
		clockMs = r.trust.verifiedMs
	}
	b := parseBundle(r.data)

	// Which log, which namespace, which root.
	claimed := parseLeaf(b.leaf)
	origin := parseCheckpoint(openNote(parseProofFile(b.proof).checkpoint, nil, "").Text).origin
	require(claimed.namespace == r.namespace && r.root.namespace == r.namespace, "wrong-namespace", claimed.namespace)
	require(origin == r.origin && r.root.origin == r.origin, "wrong-origin", origin)
	isInForce := claimed.trustRootVersion == r.root.version && r.root.version >= r.trust.rootVersion
	require(isInForce, "trust-root-version", "another version is in force")

	current := verifyLogged(b.loggedEpoch, r.root)
	tree := current.signed.Tree
	require(current.index == tree.N-1, "not-latest-leaf", "a later epoch is in the log")
	require(clockMs-current.newestMs <= freshMs, "stale", "no quorum has seen this lately")

	known := r.trust.tree
	fromSize := int64(0)
	if known != nil {
		require(known.N <= tree.N, "rollback", "the log was longer before")
		fromSize = known.N
	}
	require(b.fromSize == fromSize, "inconsistent", "a consistency proof from another size")
	if known != nil {
		checkConsistency(*known, tree, b.hashes)
	} else {
		require(len(b.hashes) == 0, "inconsistent", "a consistency proof from nothing")
	}
	require(current.leaf.epoch >= r.trust.epoch, "epoch-went-down", "the epoch was higher before")
	require(current.leaf.epoch == current.index+1, "wrong-epoch", "an epoch at another place")

	mature := map[string]bool{}
	consider := func(v *verifiedEpoch) {
		if r.waitingMs > 0 && v.oldestMs > current.newestMs-r.waitingMs {
			return
		}
		for _, f := range v.artifact.fleets {
			if f.status != "revoked" {
				mature[string(f.configHash)] = true
			}
		}
	}
	consider(current)
	for _, older := range b.maturity {
		v := verifyLogged(older, r.root)
		require(v.leaf.namespace == r.root.namespace, "wrong-namespace", "an older leaf")
		require(v.leaf.epoch == v.index+1, "wrong-epoch", "an older leaf")
		v.requireKeysInForce(r.root)
		checkConsistency(v.signed.Tree, tree, older.consistency)
		consider(v)
	}
	for _, configHash := range r.exempt {
		mature[string(configHash)] = true
	}

	require(clockMs <= current.leaf.notAfterMs && current.newestMs <= current.leaf.notAfterMs, "expired", "notAfter")
	current.requireKeysInForce(r.root)
	r.requireFleet(current.artifact, mature)
	for _, f := range current.artifact.fleets {
		if mature[string(f.configHash)] && f.status != "revoked" {
			r.acceptedHash = append(r.acceptedHash, f.configHash)
		}
	}
}

func (r *bundleRequest) requireFleet(a artifact, mature map[string]bool) {
	if r.fleetID == nil && r.configHash == nil && r.group == nil {
		return
	}
	rows := []struct {
		code string
		is   func(f fleet) bool
	}{
		{"wrong-fleet", func(f fleet) bool {
			isNamed := r.fleetID == nil || bytes.Equal(f.fleetID, r.fleetID)
			return isNamed && (r.configHash == nil || bytes.Equal(f.configHash, r.configHash))
		}},
		{"wrong-group", func(f fleet) bool { return r.group == nil || *r.group < f.groups }},
		{"fleet-revoked", func(f fleet) bool { return f.status != "revoked" }},
		{"fleet-not-serving", func(f fleet) bool { return r.use == "recover" || f.status == "serving" }},
		{"immature", func(f fleet) bool { return mature[string(f.configHash)] }},
	}
	left := a.fleets
	for _, row := range rows {
		var kept []fleet
		for _, f := range left {
			if row.is(f) {
				kept = append(kept, f)
			}
		}
		require(len(kept) > 0, row.code, "no fleet left")
		left = kept
	}
}

// verifyLogged checks who signed an epoch, and that a quorum of witnesses saw it in the log.
func verifyLogged(parts loggedEpoch, root *trustRoot) *verifiedEpoch {
	v := &verifiedEpoch{artifact: parseArtifact(parts.artifact), leaf: parseLeaf(parts.leaf)}
	digest := sha256.Sum256(parts.artifact)
	message := parsePlexi(v.leaf.message)
	isSame := bytes.Equal(digest[:], v.leaf.digest) && bytes.Equal(digest[:], message.digest)
	require(isSame, "bad-digest", "another artifact was signed")
	for _, spoken := range []plexiMessage{{namespace: v.leaf.namespace, epoch: v.leaf.epoch}, message} {
		isOne := spoken.namespace == v.artifact.namespace && spoken.epoch == v.artifact.epoch
		require(isOne, "contradictory-leaf", "artifact, leaf and message differ")
	}
	var evidence [][]byte
	for _, f := range v.artifact.fleets {
		evidence = append(evidence, f.evidence)
	}
	isListed := bytes.Equal(bytes.Join(evidence, nil), bytes.Join(v.leaf.evidence, nil))
	require(isListed, "wrong-evidence", "the leaf lists other evidence")

	l := v.leaf
	isAuditor := contains(root.auditors, l.auditorKey) && ed25519.Verify(l.auditorKey, l.message, l.auditorSig)
	require(isAuditor, "bad-auditor-signature", "not an auditor's")
	isOperator := contains(root.operators, l.operatorKey) &&
		ed25519.Verify(l.operatorKey, l.countersigned(), l.operatorSig) &&
		ed25519.Verify(l.operatorKey, l.auditorSig, l.operatorCompat)
	require(isOperator, "bad-operator-signature", "not an operator's")

	file := parseProofFile(parts.proof)
	require(!file.hasExtra, "bad-proof-file", "extra data")
	v.index = file.index
	v.signed = openCheckpoint(file.checkpoint, root.policy.logs, root.policy.witnesses)
	require(v.signed.unknown == 0, "unknown-signature", "a line that nobody can check")
	checkInclusion(file.index, tlog.RecordHash(parts.leaf), file.hashes, v.signed.Tree)
	newest, ok := root.policy.quorumTime(v.signed.seconds, true)
	require(ok, "no-witness-quorum", "too few witnesses")
	oldest, _ := root.policy.quorumTime(v.signed.seconds, false)
	v.newestMs, v.oldestMs = int64(newest)*1000, int64(oldest)*1000
	return v
}

func (v *verifiedEpoch) requireKeysInForce(root *trustRoot) {
	root.requireInForce(v.leaf.auditorKey, v.index+1)
	root.requireInForce(v.leaf.operatorKey, v.index+1)
	for _, k := range v.signed.logs {
		root.requireInForce(k.public, v.signed.N)
	}
}
