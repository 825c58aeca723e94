package main

import (
	"crypto/sha256"
	"fmt"
	"sort"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// question is one input on which both sides give their verdict. Bytes come in base64.
type question struct {
	Op          string
	Data        []byte
	Keys        []string // vkeys: logs and witnesses
	Index, Size int64
	From        int64
	Root, Leaf  []byte
	FromRoot    []byte
	Hashes      [][]byte
	Case        *bundleCase // texts in place of names
}

// answer is the code of a refusal, or "ok " and what was read.
func answer(q *question) string {
	read := ""
	if found := verdictOf(func() { read = q.read() }); found != nil {
		return found.code
	}
	return strings.TrimSpace("ok " + read)
}

func (q *question) read() string {
	switch q.Op {
	case "vkey":
		k := parseVkey(string(q.Data))
		return fmt.Sprintf("%x %d %08x %x", k.name, k.alg, k.id, []byte(k.public))
	case "note":
		return fmt.Sprintf("%x", sha256.Sum256([]byte(openNote(q.Data, nil, "").Text)))
	case "checkpoint":
		logs, witnesses := q.keys()
		signed := openCheckpoint(q.Data, logs, witnesses)
		var seen []string
		for k, at := range signed.seconds {
			seen = append(seen, fmt.Sprintf("%s@%d", k.name, at))
		}
		sort.Strings(seen)
		return fmt.Sprintf("%d %s %s", signed.N, hexOf(signed.Hash), strings.Join(seen, ","))
	case "proof-file":
		file := parseProofFile(q.Data)
		return fmt.Sprintf("%d %s %x", file.index, strings.Join(hexes(file.hashes), ","), sha256.Sum256(file.checkpoint))
	case "add-checkpoint":
		request := parseAddCheckpoint(q.Data)
		hashes := strings.Join(hexes(request.hashes), ",")
		return fmt.Sprintf("%d %s %x", request.oldSize, hashes, sha256.Sum256(request.checkpoint))
	case "policy":
		p := parsePolicy(q.Data)
		return fmt.Sprintf("%d %d %d", len(p.logs), len(p.witnesses), len(p.groups))
	case "inclusion":
		hashes := hashesOf(q.Hashes, "not-included")
		leaf, root := hashesOf([][]byte{q.Leaf}, "not-included")[0], hashesOf([][]byte{q.Root}, "not-included")[0]
		checkInclusion(q.Index, leaf, hashes, tlog.Tree{N: q.Size, Hash: root})
		return ""
	case "consistency":
		roots := hashesOf([][]byte{q.FromRoot, q.Root}, "inconsistent")
		earlier, later := tlog.Tree{N: q.From, Hash: roots[0]}, tlog.Tree{N: q.Size, Hash: roots[1]}
		checkConsistency(earlier, later, hashesOf(q.Hashes, "inconsistent"))
		return ""
	case "plexi":
		m := parsePlexi(q.Data)
		return fmt.Sprintf("%x %d %d %x", m.namespace, m.timestampMs, m.epoch, m.digest)
	case "bundle":
		r := q.Case.request(func(text string) []byte { return []byte(text) })
		verifyBundle(r)
		var accepted []string
		for _, hash := range r.acceptedHash {
			accepted = append(accepted, fmt.Sprintf("%x", hash))
		}
		return strings.Join(accepted, ",")
	}
	panic("unknown question " + q.Op)
}

func (q *question) keys() (logs, witnesses []*verifierKey) {
	for _, vkey := range q.Keys {
		k := parseVkey(vkey)
		if k.alg == algLog {
			logs = append(logs, k)
		} else {
			witnesses = append(witnesses, k)
		}
	}
	return logs, witnesses
}

func hashesOf(list [][]byte, code string) []tlog.Hash {
	require(len(list) <= proofHashesMax, code, "too many hashes")
	hashes := []tlog.Hash{}
	for _, each := range list {
		require(len(each) == tlog.HashSize, code, "not a hash")
		hashes = append(hashes, *(*tlog.Hash)(each))
	}
	return hashes
}
