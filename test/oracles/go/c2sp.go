package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	algLog     = 1 // Ed25519 over the note text (signed-note)
	algWitness = 4 // timestamped cosignature (tlog-cosignature)

	treeSizeMax       = 1<<53 - 1
	noteBytesMax      = 131072
	noteSignaturesMax = 100
	nameBytesMax      = 255
	proofHashesMax    = 63
	proofExtraMax     = 4096
	cosignSecondsMax  = treeSizeMax / 1000
)

// verifierKey is a note.Verifier for both kinds of keys. The library knows only the first.
type verifierKey struct {
	name   string
	id     uint32
	alg    byte
	public ed25519.PublicKey
}

func (k *verifierKey) Name() string    { return k.name }
func (k *verifierKey) KeyHash() uint32 { return k.id }

func (k *verifierKey) Verify(text, sig []byte) bool {
	if k.alg == algLog {
		return ed25519.Verify(k.public, text, sig)
	}
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	// tlog-cosignature allows 2^63 - 1; Coffer counts milliseconds exactly.
	if seconds > cosignSecondsMax {
		return false
	}
	return ed25519.Verify(k.public, cosignedMessage(text, seconds), sig[8:])
}

func cosignedMessage(text []byte, seconds uint64) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", seconds)), text...)
}

func keyID(name string, alg byte, public ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append(append([]byte(name+"\n"), alg), public...))
	return binary.BigEndian.Uint32(sum[:])
}

func isKeyName(name string) bool {
	return name != "" && utf8.ValidString(name) && strings.IndexFunc(name, unicode.IsSpace) < 0 &&
		strings.IndexFunc(name, func(r rune) bool { return r < 0x20 || r == '+' }) < 0
}

var vkeyForm = regexp.MustCompile(`^([^+]*)\+([0-9a-fA-F]{8})\+(.*)$`)

func parseVkey(text string) *verifierKey {
	parts := vkeyForm.FindStringSubmatch(text)
	require(parts != nil, "bad-key", "not name+id+key")
	typed, err := base64.StdEncoding.DecodeString(parts[3])
	require(err == nil && len(typed) == 1+ed25519.PublicKeySize, "bad-key", "not base64 of a typed key")
	k := &verifierKey{name: parts[1], alg: typed[0], public: typed[1:]}
	require(isKeyName(k.name), "bad-key", "not a key name")
	require(k.alg == algLog || k.alg == algWitness, "bad-key", "unknown type of key")
	k.id = keyID(k.name, k.alg, k.public)
	require(fmt.Sprintf("%08x", k.id) == strings.ToLower(parts[2]), "bad-key", "the id is not the key's")
	if k.alg == algLog {
		_, err := note.NewVerifier(text)
		require(err == nil, "bad-key", "sumdb/note refuses it")
	}
	requireProfile(parts[2] == strings.ToLower(parts[2]), "bad-key", "upper-case id")
	requireProfile(isStrictBase64(parts[3]), "bad-key", "base64 in a second spelling")
	requireProfile(len(k.name) <= nameBytesMax, "bad-key", "a long name")
	return k
}

func isStrictBase64(text string) bool {
	bytes, err := base64.StdEncoding.DecodeString(text)
	return err == nil && base64.StdEncoding.EncodeToString(bytes) == text
}

func verifiers(keys []*verifierKey) note.Verifiers {
	list := make([]note.Verifier, len(keys))
	for i, k := range keys {
		list[i] = k
	}
	return note.VerifierList(list...)
}

// openNote opens a note with sumdb/note. badSignature is the code for a signature of a known key that does not verify;
// a note that none of the keys signed is returned with no signatures.
func openNote(msg []byte, keys []*verifierKey, badSignature string) *note.Note {
	// The form first: note.Open stops at the first bad signature, which may come before a malformed line.
	if len(keys) > 0 {
		openNote(msg, nil, badSignature)
	}
	opened, err := note.Open(msg, verifiers(keys))
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified):
		opened = unverified.Note
	case errors.As(err, &invalid):
		refuse(badSignature, invalid.Error())
	default:
		require(err == nil, "bad-note", "sumdb/note refuses it")
	}
	lines := signatureLines(msg)
	requireProfile(len(msg) <= noteBytesMax && len(lines) <= noteSignaturesMax, "bad-note", "over its limit")
	for _, line := range lines {
		parts := strings.Split(line, " ")
		requireProfile(isStrictBase64(parts[2]), "bad-note", "base64 in a second spelling")
		requireProfile(len(parts[1]) <= nameBytesMax, "bad-note", "a long name")
	}
	return opened
}

// signatureLines of a note that sumdb/note has opened.
func signatureLines(msg []byte) []string {
	text := string(msg)
	lines := strings.Split(text[strings.LastIndex(text, "\n\n")+2:], "\n")
	return lines[:len(lines)-1]
}

type checkpoint struct {
	origin string
	tlog.Tree
}

// parseCheckpoint reads a note text (tlog-checkpoint) with tlog.ParseTree, which knows one origin only.
func parseCheckpoint(text string) checkpoint {
	const code = "bad-checkpoint"
	origin, rest, found := strings.Cut(text, "\n")
	require(found && origin != "", code, "no origin")
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	require(err == nil, code, "tlog.ParseTree refuses it")
	require(strings.HasSuffix(text, "\n"), code, "no newline at the end")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, extension := range lines[3:] {
		require(extension != "", code, "an empty extension line")
	}
	requireProfile(len(lines) == 3, code, "extension lines")
	requireProfile(isStrictBase64(lines[2]), code, "base64 in a second spelling")
	requireProfile(isKeyName(origin) && len(origin) <= nameBytesMax, code, "an origin that names no key")
	requireProfile(tree.N <= treeSizeMax, code, "more leaves than are counted exactly")
	return checkpoint{origin, tree}
}

// signedCheckpoint is a checkpoint that a log signed, with the times of witnesses' cosignatures by key.
type signedCheckpoint struct {
	checkpoint
	text     string
	logs     []*verifierKey
	seconds  map[*verifierKey]uint64
	unknown  int
	received []byte
}

func openCheckpoint(msg []byte, logs, witnesses []*verifierKey) *signedCheckpoint {
	form := openNote(msg, nil, "")
	opened := &signedCheckpoint{checkpoint: parseCheckpoint(form.Text), text: form.Text, received: msg}
	var own []*verifierKey
	for _, k := range logs {
		if k.name == opened.origin {
			own = append(own, k)
		}
	}
	opened.logs = signersOf(openNote(msg, own, "bad-log-signature"), own, nil)
	require(len(opened.logs) > 0, "bad-log-signature", "no listed log signed it")
	opened.seconds = map[*verifierKey]uint64{}
	cosigned := openNote(msg, witnesses, "bad-cosignature")
	signersOf(cosigned, witnesses, opened.seconds)
	// Repeated lines are dropped by the library, so they count as unknown here too.
	opened.unknown = len(signatureLines(msg)) - len(opened.seconds) - len(opened.logs)
	return opened
}

func signersOf(opened *note.Note, keys []*verifierKey, seconds map[*verifierKey]uint64) []*verifierKey {
	var signers []*verifierKey
	for _, sig := range opened.Sigs {
		for _, k := range keys {
			if k.name != sig.Name || k.id != sig.Hash {
				continue
			}
			signers = append(signers, k)
			if seconds != nil {
				raw, _ := base64.StdEncoding.DecodeString(sig.Base64)
				seconds[k] = binary.BigEndian.Uint64(raw[4:])
			}
		}
	}
	return signers
}

type proofFile struct {
	index      int64
	hashes     []tlog.Hash
	checkpoint []byte
	hasExtra   bool
}

// parseProofFile reads a tlog-proof file; the library has no such format.
func parseProofFile(data []byte) proofFile {
	const code = "bad-proof-file"
	head, rest, found := strings.Cut(string(data), "\n\n")
	require(found, code, "no empty line")
	lines := strings.Split(head, "\n")
	require(lines[0] == "c2sp.org/tlog-proof@v1", code, "another first line")
	lines = lines[1:]
	file := proofFile{checkpoint: []byte(rest)}
	if len(lines) > 0 && strings.HasPrefix(lines[0], "extra ") {
		extra, err := base64.StdEncoding.DecodeString(lines[0][len("extra "):])
		require(err == nil, code, "extra data that is not base64")
		requireProfile(isStrictBase64(lines[0][len("extra "):]) && len(extra) <= proofExtraMax, code, "extra data")
		file.hasExtra = true
		lines = lines[1:]
	}
	require(len(lines) > 0 && strings.HasPrefix(lines[0], "index "), code, "no index")
	file.index = parseDecimal(lines[0][len("index "):], code)
	requireProfile(file.index <= treeSizeMax, code, "an index that is not counted exactly")
	file.hashes = parseHashes(lines[1:], code)
	requireProfile(len(file.hashes) <= proofHashesMax, code, "too many hashes")
	return file
}

type addCheckpoint struct {
	oldSize    int64
	hashes     []tlog.Hash
	checkpoint []byte
}

// parseAddCheckpoint reads the body of a witness's add-checkpoint call (tlog-witness).
func parseAddCheckpoint(data []byte) addCheckpoint {
	const code = "bad-request"
	require(utf8.Valid(data), code, "not UTF-8")
	head, rest, found := strings.Cut(string(data), "\n\n")
	require(found, code, "no empty line")
	lines := strings.Split(head, "\n")
	require(strings.HasPrefix(lines[0], "old "), code, "no old line")
	request := addCheckpoint{oldSize: parseDecimal(lines[0][len("old "):], code), checkpoint: []byte(rest)}
	request.hashes = parseHashes(lines[1:], code)
	require(len(request.hashes) <= proofHashesMax, code, "too many hashes")
	requireProfile(request.oldSize <= treeSizeMax, code, "a size that is not counted exactly")
	return request
}

func parseDecimal(text, code string) int64 {
	value, err := strconv.ParseInt(text, 10, 64)
	require(err == nil && value >= 0 && strconv.FormatInt(value, 10) == text, code, "not a decimal")
	return value
}

func parseHashes(lines []string, code string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, line := range lines {
		raw, err := base64.StdEncoding.DecodeString(line)
		require(err == nil && len(raw) == tlog.HashSize, code, "not a hash")
		requireProfile(isStrictBase64(line), code, "base64 in a second spelling")
		hashes = append(hashes, *(*tlog.Hash)(raw))
	}
	return hashes
}

func checkInclusion(index int64, leaf tlog.Hash, proof []tlog.Hash, tree tlog.Tree) {
	err := errors.New("no such place")
	if index < tree.N {
		err = tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf)
	}
	require(err == nil, "not-included", "tlog.CheckRecord refuses it")
}

func checkConsistency(earlier, later tlog.Tree, proof []tlog.Hash) {
	err := errors.New("an empty tree")
	if earlier.N >= 1 && earlier.N <= later.N {
		err = tlog.CheckTree(proof, later.N, later.Hash, earlier.N, earlier.Hash)
	}
	require(err == nil, "inconsistent", "tlog.CheckTree refuses it")
}

// emptyRoot is the hash of nothing (RFC 6962, section 2.1); the library's TreeHash has no root for no leaves.
var emptyRoot = tlog.Hash(sha256.Sum256(nil))
