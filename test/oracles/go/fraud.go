package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"

	"golang.org/x/mod/sumdb/tlog"
)

const (
	fraudBytesMax  = 524288
	loggingDelayMs = 48 * 3600 * 1000
)

// verifyFraud decides whether a file shows fraud by whoever the trust root lists.
func verifyFraud(data []byte, root *trustRoot) {
	d := document{"bad-fraud-proof"}
	top := d.object(d.parse(data, fraudBytesMax), "v", "kind", "case")
	d.integer(top["v"], 1, 1)
	switch top["kind"] {
	case "conflicting-checkpoints":
		verifyConflict(d, d.object(top["case"], "first", "second", "prefix"), root)
	case "unlogged-bundle":
		verifyUnlogged(d, d.object(top["case"], "leaf", "log"), root)
	case "contradicted-answer":
		verifyContradicted(d, d.object(top["case"], "answer", "log"), root)
	default:
		refuse(d.code, "an unknown kind")
	}
}

func notFraudUnless(holds bool, what string) { require(holds, "not-fraud", what) }

func verifyConflict(d document, fields object, root *trustRoot) {
	first := root.openLogCheckpoint([]byte(d.text(fields["first"], nil)))
	second := root.openLogCheckpoint([]byte(d.text(fields["second"], nil)))
	if first.N == second.N {
		notFraudUnless(fields["prefix"] == nil && first.Hash != second.Hash, "the checkpoints agree")
		return
	}
	notFraudUnless(fields["prefix"] != nil && first.N < second.N, "nothing ties the two trees together")
	prefix := d.object(fields["prefix"], "root", "consistency")
	tree := tlog.Tree{N: first.N, Hash: *(*tlog.Hash)(d.hex(prefix["root"], 32))}
	var hashes []tlog.Hash
	for _, item := range d.list(prefix["consistency"], proofHashesMax) {
		hashes = append(hashes, *(*tlog.Hash)(d.hex(item, 32)))
	}
	checkConsistency(tree, second.Tree, hashes)
	notFraudUnless(tree.Hash != first.Hash, "the checkpoints agree")
}

func verifyUnlogged(d document, fields object, root *trustRoot) {
	l := parseLeaf([]byte(d.text(fields["leaf"], nil)))
	message := parsePlexi(l.message)
	isAuditor := contains(root.auditors, l.auditorKey) && ed25519.Verify(l.auditorKey, l.message, l.auditorSig)
	require(isAuditor, "bad-auditor-signature", "not an auditor's")
	log, _ := fields["log"].(object)
	if _, withheld := log["checkpoint"]; !withheld {
		root.verifyOther(d, message, l.auditorKey, log)
		return
	}
	root.requireOwn(message, l.auditorKey)
	d.object(log, "checkpoint")
	signed := openCheckpoint([]byte(d.text(log["checkpoint"], nil)), root.policy.logs, root.policy.witnesses)
	seen, ok := root.policy.quorumTime(signed.seconds, true)
	require(ok, "no-witness-quorum", "too few witnesses")
	notFraudUnless(signed.N < message.epoch, "the log is long enough")
	notFraudUnless(int64(seen)*1000-message.timestampMs >= loggingDelayMs, "the log may still come to it")
}

func verifyContradicted(d document, fields object, root *trustRoot) {
	answer := d.object(fields["answer"], "version", "ciphersuite", "namespace", "timestamp", "epoch", "digest",
		"signature", "key_id", "serialized_message")
	suite := d.integer(answer["ciphersuite"], 1, 2)
	d.integer(answer["version"], suite, suite)
	message := plexiMessage{
		namespace:   d.text(answer["namespace"], nil),
		timestampMs: d.integer(answer["timestamp"], 0, treeSizeMax),
		epoch:       d.integer(answer["epoch"], 0, treeSizeMax),
		digest:      d.hex(answer["digest"], 32),
	}
	encoded := message.encode()
	if suite == 2 {
		encoded = message.bincode()
	}
	d.require(answer["serialized_message"] == hex.EncodeToString(encoded), "fields other than the message")
	signature, keyID := d.hex(answer["signature"], 64), byte(d.integer(answer["key_id"], 0, 255))
	for _, key := range root.auditors {
		if key[31] == keyID {
			require(ed25519.Verify(key, encoded, signature), "bad-auditor-signature", "does not verify")
			root.verifyOther(d, message, key, d.object(fields["log"], "proof", "leaf"))
			return
		}
	}
	refuse("bad-auditor-signature", "an unknown key id")
}

// verifyOther: the log has something else in the place of the message.
func (root *trustRoot) verifyOther(d document, message plexiMessage, key []byte, log object) {
	d.object(log, "proof", "leaf")
	entry := d.anyHex(log["leaf"], 65535)
	root.requireOwn(message, key)
	file := parseProofFile([]byte(d.text(log["proof"], nil)))
	signed := root.openLogCheckpoint(file.checkpoint)
	checkInclusion(file.index, tlog.RecordHash(entry), file.hashes, signed.Tree)
	notFraudUnless(file.index == message.epoch-1, "another place of the log")
	isSame := false
	codeOf(func() { isSame = bytes.Equal(parseLeaf(entry).message, message.encode()) })
	notFraudUnless(!isSame, "it is in the log")
}

func (root *trustRoot) requireOwn(message plexiMessage, key []byte) {
	notFraudUnless(message.namespace == root.namespace, "another namespace")
	root.requireInForce(key, message.epoch)
}

func (root *trustRoot) openLogCheckpoint(note []byte) *signedCheckpoint {
	signed := openCheckpoint(note, root.policy.logs, nil)
	for _, k := range signed.logs {
		root.requireInForce(k.public, signed.N)
	}
	return signed
}
