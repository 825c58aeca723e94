package main

import (
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	policyBytesMax = 65536
	policyLinesMax = 64
)

type group struct {
	name      string
	threshold int
	members   []string
}

// policy of tlog-policy. The library has no such format, so this is a second reading of the specification.
type policy struct {
	logs      []*verifierKey
	witnesses []*verifierKey
	names     []string // of the witnesses
	groups    []group
	quorum    string
}

func parsePolicy(data []byte) *policy {
	const code = "bad-policy"
	for _, octet := range data {
		require(octet == '\t' || octet == '\n' || octet >= 0x20 && octet != 0x7f, code, "a control character")
	}
	require(strings.HasSuffix(string(data), "\n"), code, "no newline at the end")
	p := &policy{}
	taken := map[string]bool{"none": true}
	listed := map[string]bool{}
	keys := map[string]bool{}
	define := func(items []string) string {
		require(len(items) > 1 && !taken[items[1]], code, "a name taken or missing")
		taken[items[1]] = true
		return items[1]
	}
	keyOf := func(items []string, at int, alg byte) *verifierKey {
		require(len(items) == at+1 || len(items) == at+2, code, "a line too short or too long")
		var k *verifierKey
		if found := verdictOf(func() { k = parseVkey(items[at]) }); found != nil {
			panic(refusal{code, found.what, found.profile})
		}
		require(k.alg == alg, code, "a key of another use")
		unique := string(append([]byte{alg}, k.public...))
		require(!keys[unique], code, "a key listed before")
		keys[unique] = true
		return k
	}
	for _, line := range strings.Split(string(data), "\n") {
		items := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
		if len(items) == 0 || strings.HasPrefix(items[0], "#") {
			continue
		}
		switch items[0] {
		case "log":
			p.logs = append(p.logs, keyOf(items, 1, algLog))
		case "witness":
			k := keyOf(items, 2, algWitness)
			p.witnesses, p.names = append(p.witnesses, k), append(p.names, define(items))
		case "group":
			require(len(items) > 3, code, "a group without members")
			g := group{members: items[3:]}
			for _, member := range g.members {
				require(taken[member] && member != "none" && !listed[member], code, "a member unknown, or listed before")
				listed[member] = true
			}
			g.threshold = threshold(items[2], len(g.members))
			g.name = define(items)
			p.groups = append(p.groups, g)
		case "quorum":
			require(p.quorum == "" && len(items) == 2 && taken[items[1]], code, "not exactly one known quorum")
			p.quorum = items[1]
		default:
			refuse(code, "an unknown kind of line")
		}
	}
	require(p.quorum != "", code, "no quorum")
	requireProfile(len(data) <= policyBytesMax && utf8.Valid(data), code, "not UTF-8 within its limit")
	isLong := len(p.logs) > policyLinesMax || len(p.witnesses) > policyLinesMax || len(p.groups) > policyLinesMax
	requireProfile(!isLong, code, "over its limit")
	return p
}

func threshold(text string, members int) int {
	const code = "bad-policy"
	switch text {
	case "any":
		return 1
	case "all":
		return members
	}
	count, err := strconv.ParseUint(text, 10, 31)
	require(err == nil && count >= 1 && count <= uint64(members), code, "a threshold out of range")
	requireProfile(strconv.FormatUint(count, 10) == text, code, "a leading zero")
	return int(count)
}

// quorumTime is, by brute force over all times, the newest (or oldest) one such that the witnesses who cosigned then or
// later (or then or before) are a quorum. ok is false without one.
func (p *policy) quorumTime(seconds map[*verifierKey]uint64, newest bool) (best uint64, ok bool) {
	var times []uint64
	for _, at := range seconds {
		times = append(times, at)
	}
	sort.Slice(times, func(i, j int) bool { return (times[i] > times[j]) == newest })
	for _, limit := range times {
		done := map[string]bool{}
		for i, k := range p.witnesses {
			at, cosigned := seconds[k]
			done[p.names[i]] = cosigned && (newest && at >= limit || !newest && at <= limit)
		}
		for _, g := range p.groups {
			count := 0
			for _, member := range g.members {
				if done[member] {
					count++
				}
			}
			done[g.name] = count >= g.threshold
		}
		if done[p.quorum] {
			return limit, true
		}
	}
	return 0, false
}
