package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// fileReport says how one file of vectors/ compares with what Go makes of it.
type fileReport struct {
	File   string `json:"file"`
	Agreed int    `json:"agreed"`
	// Stricter names cases that C2SP and the Go library accept and Coffer's profile refuses.
	Stricter  []string `json:"stricter"`
	Disagreed []string `json:"disagreed"`
	root      string
}

func (f *fileReport) read(into any) {
	data, err := os.ReadFile(filepath.Join(f.root, f.File))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		panic(err)
	}
}

// compare counts one case. want is the code of the fixture, empty for what is accepted.
func (f *fileReport) compare(name, want string, run func()) {
	found := verdictOf(run)
	got := ""
	if found != nil {
		got = found.code
	}
	if got != want {
		f.Disagreed = append(f.Disagreed, fmt.Sprintf("%s: %q here, %q there", name, got, want))
		return
	}
	f.Agreed++
	if found != nil && found.profile {
		f.Stricter = append(f.Stricter, name+": "+found.what)
	}
}

// same counts one case of two values that have to be equal.
func (f *fileReport) same(name string, got, want any) {
	f.compare(name, "", func() { require(fmt.Sprint(got) == fmt.Sprint(want), "different", fmt.Sprint(got)) })
}

func checkVectors(root string) []*fileReport {
	var reports []*fileReport
	for _, each := range []struct {
		file  string
		check func(f *fileReport)
	}{
		{"transparency/forms.json", checkForms},
		{"transparency/published-notes.json", checkPublishedNotes},
		{"transparency/merkle.json", checkMerkle},
		{"transparency/log.json", checkLogFile},
		{"transparency/artifacts.json", checkArtifacts},
		{"transparency/bad-documents.json", checkBadDocuments},
		{"transparency/bundles.json", checkBundles},
		{"transparency/trust-roots.json", checkTrustRoots},
		{"transparency/fraud-proofs.json", checkFraudProofs},
		{"plexi/signatures.json", checkPlexi},
	} {
		f := &fileReport{File: each.file, root: root, Stricter: []string{}, Disagreed: []string{}}
		each.check(f)
		reports = append(reports, f)
	}
	return reports
}

func checkForms(f *fileReport) {
	var file struct {
		Forms []struct{ Form, Name, Text, Code string }
	}
	f.read(&file)
	parsers := map[string]func(text string){
		"note":           func(text string) { openNote([]byte(text), nil, "") },
		"checkpoint":     func(text string) { parseCheckpoint(text) },
		"policy":         func(text string) { parsePolicy([]byte(text)) },
		"proof-file":     func(text string) { parseProofFile([]byte(text)) },
		"add-checkpoint": func(text string) { parseAddCheckpoint([]byte(text)) },
	}
	for _, each := range file.Forms {
		f.compare(each.Form+", "+each.Name, each.Code, func() { parsers[each.Form](each.Text) })
	}
}

func checkPublishedNotes(f *fileReport) {
	var file struct {
		Notes []struct {
			SignerKey, Text, Note string
			Keys                  []string
		}
		BadKeys    []string
		Checkpoint struct {
			Note, Origin    string
			Size            int64
			CosignedSeconds uint64
		}
	}
	f.read(&file)
	for _, each := range file.Notes {
		f.compare("note", "", func() {
			var keys []*verifierKey
			for _, vkey := range each.Keys {
				keys = append(keys, parseVkey(vkey))
			}
			opened := openNote([]byte(each.Note), keys, "bad-log-signature")
			require(opened.Text == each.Text && len(opened.Sigs) == len(each.Keys), "different", "text or signers")
		})
		if each.SignerKey != "" {
			signer, err := note.NewSigner(each.SignerKey)
			signed, _ := note.Sign(&note.Note{Text: each.Text}, signer)
			f.same("signing", string(signed)+fmt.Sprint(err), each.Note+"<nil>")
		}
	}
	for _, vkey := range file.BadKeys {
		f.compare("bad key", "bad-key", func() { parseVkey(vkey) })
	}
	// Nobody published the keys of this one.
	opened := openNote([]byte(file.Checkpoint.Note), nil, "")
	parsed := parseCheckpoint(opened.Text)
	cosigned, _ := base64.StdEncoding.DecodeString(opened.UnverifiedSigs[1].Base64)
	f.same("checkpoint", []any{parsed.origin, parsed.N, binary.BigEndian.Uint64(cosigned[4:])},
		[]any{file.Checkpoint.Origin, file.Checkpoint.Size, file.Checkpoint.CosignedSeconds})
}

// memoryLog is a whole log in memory, in tlog's order of stored hashes.
type memoryLog struct {
	entries [][]byte
	hashes  []tlog.Hash
}

func (m *memoryLog) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		found[i] = m.hashes[index]
	}
	return found, nil
}

func (m *memoryLog) append(entry []byte) {
	stored, err := tlog.StoredHashes(int64(len(m.entries)), entry, m)
	if err != nil {
		panic(err)
	}
	m.entries = append(m.entries, entry)
	m.hashes = append(m.hashes, stored...)
}

func (m *memoryLog) tree(size int64) tlog.Tree {
	if size == 0 {
		return tlog.Tree{Hash: emptyRoot}
	}
	hash, err := tlog.TreeHash(size, m)
	if err != nil {
		panic(err)
	}
	return tlog.Tree{N: size, Hash: hash}
}

func checkMerkle(f *fileReport) {
	var file struct {
		Leaves, Roots []string
		Empty         string
	}
	f.read(&file)
	log := &memoryLog{}
	f.same("empty", hexOf(log.tree(0).Hash), file.Empty)
	for i, leaf := range file.Leaves {
		log.append(unhex(leaf))
		f.same("root", hexOf(log.tree(int64(i+1)).Hash), file.Roots[i])
	}
}

func checkLogFile(f *fileReport) {
	type proof struct {
		Index, Size, From, To int64
		Leaf                  string
		Proof                 []string
	}
	var file struct {
		Roots []struct {
			Size int64
			Root string
		}
		Inclusion, Consistency []proof
		Tiles                  []struct{ Path, Sha256 string }
		EntryBundle            struct{ Path, Sha256 string }
		Checkpoint             string
	}
	f.read(&file)
	log := &memoryLog{}
	for i := 0; i < 300; i++ {
		log.append([]byte(fmt.Sprintf("entry %d", i)))
	}
	for _, each := range file.Roots {
		f.same("root", hexOf(log.tree(each.Size).Hash), each.Root)
	}
	for _, each := range file.Inclusion {
		proven, _ := tlog.ProveRecord(each.Size, each.Index, log)
		f.same("inclusion", hexes(proven), each.Proof)
		f.same("leaf", hexOf(tlog.RecordHash(log.entries[each.Index])), each.Leaf)
		hashes := unhexes(each.Proof)
		leaf := *(*tlog.Hash)(unhex(each.Leaf))
		f.compare("inclusion", "", func() { checkInclusion(each.Index, leaf, hashes, log.tree(each.Size)) })
	}
	for _, each := range file.Consistency {
		proven, _ := tlog.ProveTree(each.To, each.From, log)
		f.same("consistency", hexes(proven), each.Proof)
		hashes := unhexes(each.Proof)
		f.compare("consistency", "", func() { checkConsistency(log.tree(each.From), log.tree(each.To), hashes) })
	}
	for _, each := range file.Tiles {
		tile, err := tileOfPath(each.Path)
		data, _ := tlog.ReadTileData(tile, log)
		f.same(each.Path, fmt.Sprintf("%x %v", sha256.Sum256(data), err), each.Sha256+" <nil>")
	}
	f.same(file.EntryBundle.Path, fmt.Sprintf("%x", sha256.Sum256(entryBundle(log.entries[256:]))), file.EntryBundle.Sha256)
	parsed := parseCheckpoint(openNote([]byte(file.Checkpoint), nil, "").Text)
	f.same("checkpoint", parsed.Tree, log.tree(300))
}

func checkArtifacts(f *fileReport) {
	var file struct {
		Epochs []struct{ Artifact, Digest, Leaf, LeafHash string }
	}
	f.read(&file)
	for i, each := range file.Epochs {
		f.compare("artifact", "", func() {
			a := parseArtifact([]byte(each.Artifact))
			require(a.epoch == int64(i+1), "different", "epoch")
			require(fmt.Sprintf("%x", sha256.Sum256([]byte(each.Artifact))) == each.Digest, "different", "digest")
			isNext := i == 0 || strings.Contains(each.Artifact, `"previous":"`+file.Epochs[i-1].Digest+`"`)
			require(isNext, "different", "previous")
			l := parseLeaf([]byte(each.Leaf))
			require(hex.EncodeToString(l.digest) == each.Digest, "different", "digest in the leaf")
			require(hexOf(tlog.RecordHash([]byte(each.Leaf))) == each.LeafHash, "different", "leaf hash")
		})
	}
}

func checkBadDocuments(f *fileReport) {
	var file struct {
		Documents []struct{ Kind, Name, Text, Code string }
	}
	f.read(&file)
	parsers := map[string]func(data []byte){
		"artifact": func(data []byte) { parseArtifact(data) },
		"leaf":     func(data []byte) { parseLeaf(data) },
	}
	for _, each := range file.Documents {
		f.compare(each.Kind+", "+each.Name, each.Code, func() { parsers[each.Kind]([]byte(each.Text)) })
	}
}

// bundleCase is one of bundles.json, with its texts already in place or by name.
type bundleCase struct {
	Name, Code, TrustRoot, ClientTrust, Sha256, Encoded string
	NowMs                                               int64
	Expectations                                        struct {
		Namespace, Origin, FleetID, ConfigHash, Use string
		Group                                       *int64
	}
	Waiting struct {
		WaitingMs int64
		Exempt    []string
	}
	Bundle struct {
		Artifact, Leaf, Proof string
		Maturity              []struct {
			Artifact, Leaf, Proof string
			Consistency           []string
		}
		Consistency struct {
			FromSize int64
			Hashes   []string
		}
	}
}

// request is what the client is asked; part gives the text of a name.
func (c *bundleCase) request(part func(name string) []byte) *bundleRequest {
	r := &bundleRequest{
		root:      parseTrustRoot(part(c.TrustRoot)),
		trust:     parseClientTrust(part(c.ClientTrust)),
		nowMs:     c.NowMs,
		waitingMs: c.Waiting.WaitingMs,
		namespace: c.Expectations.Namespace,
		origin:    c.Expectations.Origin,
		group:     c.Expectations.Group,
		use:       c.Expectations.Use,
	}
	if c.Expectations.FleetID != "" {
		r.fleetID = unhex(c.Expectations.FleetID)
	}
	if c.Expectations.ConfigHash != "" {
		r.configHash = unhex(c.Expectations.ConfigHash)
	}
	for _, exempt := range c.Waiting.Exempt {
		r.exempt = append(r.exempt, unhex(exempt))
	}
	if c.Encoded != "" {
		r.data = unhex(c.Encoded)
		return r
	}
	b := bundle{loggedEpoch: loggedEpoch{part(c.Bundle.Artifact), part(c.Bundle.Leaf), part(c.Bundle.Proof), nil}}
	for _, older := range c.Bundle.Maturity {
		hashes := unhexes(older.Consistency)
		b.maturity = append(b.maturity, loggedEpoch{part(older.Artifact), part(older.Leaf), part(older.Proof), hashes})
	}
	b.fromSize, b.hashes = c.Bundle.Consistency.FromSize, unhexes(c.Bundle.Consistency.Hashes)
	r.data = b.encode()
	return r
}

func checkBundles(f *fileReport) {
	var file struct {
		Parts map[string]string
		Cases []bundleCase
	}
	f.read(&file)
	for i := range file.Cases {
		each := &file.Cases[i]
		r := each.request(func(name string) []byte { return []byte(file.Parts[name]) })
		f.same(each.Name, fmt.Sprintf("%x", sha256.Sum256(r.data)), each.Sha256)
		f.compare(each.Name, each.Code, func() { verifyBundle(r) })
	}
}

func checkTrustRoots(f *fileReport) {
	var file struct {
		Steps []struct{ Name, Code, Held, Next string }
	}
	f.read(&file)
	for _, each := range file.Steps {
		f.compare(each.Name, each.Code, func() {
			verifyRotation(parseTrustRoot([]byte(each.Held)), parseTrustRoot([]byte(each.Next)))
		})
	}
}

func checkFraudProofs(f *fileReport) {
	var file struct {
		TrustRoot string
		Proofs    []struct{ Name, Code, File string }
	}
	f.read(&file)
	root := parseTrustRoot([]byte(file.TrustRoot))
	for _, each := range file.Proofs {
		f.compare(each.Name, each.Code, func() { verifyFraud([]byte(each.File), root) })
	}
}

func checkPlexi(f *fileReport) {
	var file struct {
		Signatures []struct {
			SigningKey   string `json:"signing_key"`
			VerifyingKey string `json:"verifying_key"`
			KeyID        byte   `json:"key_id"`
			Ciphersuite  int
			Namespace    string
			Timestamp    int64
			Epoch        int64
			Digest       string
			Signature    string
		}
	}
	f.read(&file)
	for _, each := range file.Signatures {
		m := plexiMessage{each.Namespace, each.Timestamp, each.Epoch, unhex(each.Digest)}
		encoded := m.encode()
		if each.Ciphersuite == 2 {
			encoded = m.bincode()
		}
		private := ed25519.NewKeyFromSeed(unhex(each.SigningKey))
		public := private.Public().(ed25519.PublicKey)
		f.same("key", hex.EncodeToString(public)+fmt.Sprint(public[31]), each.VerifyingKey+fmt.Sprint(each.KeyID))
		f.same("signature", hex.EncodeToString(ed25519.Sign(private, encoded)), each.Signature)
	}
}

// bincode is the message of suite 2.
func (m plexiMessage) bincode() []byte {
	little := binary.LittleEndian
	out := append(little.AppendUint64(little.AppendUint32(nil, 2), uint64(len(m.namespace))), m.namespace...)
	out = little.AppendUint64(little.AppendUint64(out, uint64(m.timestampMs)), uint64(m.epoch))
	return append(little.AppendUint64(out, uint64(len(m.digest))), m.digest...)
}

func unhex(text string) []byte {
	data, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return data
}

func unhexes(texts []string) []tlog.Hash {
	hashes := []tlog.Hash{}
	for _, text := range texts {
		hashes = append(hashes, *(*tlog.Hash)(unhex(text)))
	}
	return hashes
}

func hexOf(hash tlog.Hash) string { return hex.EncodeToString(hash[:]) }

func hexes(hashes []tlog.Hash) []string {
	texts := []string{}
	for _, hash := range hashes {
		texts = append(texts, hexOf(hash))
	}
	return texts
}
