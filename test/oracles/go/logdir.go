package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

/*
A log in a folder:

	keys                             vkeys: the log's, then the witnesses'
	checkpoints/SIZE                 signed notes, cosigned by all witnesses
	tile/…                           as tlog-tiles has them, for each of those sizes
	inclusion/INDEX-SIZE.tlog-proof  with the checkpoint of SIZE
	consistency/FROM-TO              a base64 hash a line
*/

const tileHeight = 8

// tilePath is where tlog-tiles has a tile; the library's own paths name the height first.
func tilePath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}

func tileOfPath(path string) (tlog.Tile, error) {
	rest := strings.TrimPrefix(path, "tile/")
	return tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s", tileHeight, strings.Replace(rest, "entries/", "data/", 1)))
}

// tilesFor are the tiles of a tree of this size. The library lists those of every smaller tree too, for logs that are read
// while they grow by one.
func tilesFor(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		if tile.W == 1<<tileHeight || int64(tile.W) == size>>(tileHeight*tile.L)&(1<<tileHeight-1) {
			tiles = append(tiles, tile)
		}
	}
	return tiles
}

func entryBundle(entries [][]byte) []byte {
	var out []byte
	for _, entry := range entries {
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(entry))), entry...)
	}
	return out
}

func parseEntryBundle(data []byte) [][]byte {
	const code = "bad-tile"
	var entries [][]byte
	for len(data) > 0 {
		require(len(data) >= 2, code, "truncated")
		length := int(binary.BigEndian.Uint16(data))
		require(len(data) >= 2+length, code, "truncated")
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	return entries
}

// tileFolder gives the tiles of a folder to tlog.TileHashReader, which checks them against a tree.
type tileFolder struct{ dir string }

func (f tileFolder) Height() int                         { return tileHeight }
func (f tileFolder) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (f tileFolder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		each, err := os.ReadFile(filepath.Join(f.dir, tilePath(tile)))
		if err != nil {
			return nil, err
		}
		data = append(data, each)
	}
	return data, nil
}

type logCounts struct {
	Checkpoints, Entries, Tiles, Inclusion, Consistency int
}

// checkLogFolder refuses a folder of which anything does not hold.
func checkLogFolder(dir string) (counts logCounts) {
	read := func(path string) []byte {
		data, err := os.ReadFile(filepath.Join(dir, path))
		require(err == nil, "missing", path)
		return data
	}
	var keys []*verifierKey
	for _, line := range strings.Fields(string(read("keys"))) {
		keys = append(keys, parseVkey(line))
	}
	open := func(msg []byte) *signedCheckpoint {
		signed := openCheckpoint(msg, keys[:1], keys[1:])
		require(len(signed.seconds) == len(keys)-1 && signed.unknown == 0, "bad-cosignature", "not all witnesses")
		return signed
	}
	trees := map[int64]tlog.Tree{}
	var log *memoryLog
	for _, name := range list(dir, "checkpoints") {
		signed := open(read("checkpoints/" + name))
		require(name == fmt.Sprint(signed.N), "different", "the size in the name")
		trees[signed.N] = signed.Tree
		counts.Checkpoints++
		if log == nil || signed.N > int64(len(log.entries)) {
			log = readEntries(signed.N, read)
		}
	}
	for size, tree := range trees {
		for i, entry := range readEntries(size, read).entries {
			require(bytes.Equal(entry, log.entries[i]), "different", "an entry of two bundles")
		}
		require(tree == log.tree(size), "different", "root of the entries")
		if size > 0 {
			hash, err := tlog.TreeHash(size, tlog.TileHashReader(tree, tileFolder{dir}))
			require(err == nil && hash == tree.Hash, "different", fmt.Sprint("root of the tiles: ", err))
		}
		counts.Tiles += checkTiles(size, log, read)
	}
	counts.Entries = len(log.entries)
	for _, name := range list(dir, "inclusion") {
		file := parseProofFile(read("inclusion/" + name))
		signed := open(file.checkpoint)
		require(signed.Tree == trees[signed.N], "different", "the checkpoint in a proof")
		require(name == fmt.Sprintf("%d-%d.tlog-proof", file.index, signed.N), "different", "the place in the name")
		checkInclusion(file.index, tlog.RecordHash(log.entries[file.index]), file.hashes, signed.Tree)
		proven, err := tlog.ProveRecord(signed.N, file.index, log)
		require(err == nil && fmt.Sprint(hexes(proven)) == fmt.Sprint(hexes(file.hashes)), "different", "own proof")
		counts.Inclusion++
	}
	for _, name := range list(dir, "consistency") {
		from, to, _ := strings.Cut(name, "-")
		earlier, later := trees[parseDecimal(from, "different")], trees[parseDecimal(to, "different")]
		hashes := parseHashes(strings.Fields(string(read("consistency/"+name))), "different")
		if earlier.N == 0 {
			require(len(hashes) == 0, "inconsistent", "a proof from nothing")
		} else {
			checkConsistency(earlier, later, hashes)
		}
		counts.Consistency++
	}
	return counts
}

func readEntries(size int64, read func(path string) []byte) *memoryLog {
	log := &memoryLog{}
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		if width > 256 {
			width = 256
		}
		entries := parseEntryBundle(read(tilePath(tlog.Tile{H: tileHeight, L: -1, N: n, W: int(width)})))
		require(int64(len(entries)) == width, "bad-tile", "another number of entries")
		for _, entry := range entries {
			log.append(entry)
		}
	}
	return log
}

// checkTiles compares every tile of a tree with the one that tlog makes of the entries.
func checkTiles(size int64, log *memoryLog, read func(path string) []byte) int {
	tiles := tilesFor(size)
	for _, tile := range tiles {
		data, err := tlog.ReadTileData(tile, log)
		require(err == nil && bytes.Equal(data, read(tilePath(tile))), "different", tilePath(tile))
	}
	return len(tiles)
}

func list(dir, folder string) []string {
	entries, err := os.ReadDir(filepath.Join(dir, folder))
	require(err == nil, "missing", folder)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

// cosigner is a note.Signer for type 04.
type cosigner struct {
	*verifierKey
	private ed25519.PrivateKey
	seconds uint64
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	signature := ed25519.Sign(c.private, cosignedMessage(text, c.seconds))
	return append(binary.BigEndian.AppendUint64(nil, c.seconds), signature...), nil
}

func (k *verifierKey) vkey() string {
	typed := append([]byte{k.alg}, k.public...)
	return fmt.Sprintf("%s+%08x+%s", k.name, k.id, base64.StdEncoding.EncodeToString(typed))
}

// writeLogFolder makes a log with tlog and note, for the other side to check.
func writeLogFolder(dir string, seed int64, sizes []int64) {
	random := rand.New(rand.NewSource(seed))
	write := func(path string, data []byte) {
		full := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			panic(err)
		}
		if err := os.WriteFile(full, data, 0o644); err != nil {
			panic(err)
		}
	}
	const origin = "go.example/log"
	skey, vkey, err := note.GenerateKey(random, origin)
	signer, err2 := note.NewSigner(skey)
	if err != nil || err2 != nil {
		panic(fmt.Sprint(err, err2))
	}
	public, private, _ := ed25519.GenerateKey(random)
	witness := &cosigner{&verifierKey{"go.example/witness", keyID("go.example/witness", algWitness, public), algWitness, public}, private, 0}
	write("keys", []byte(vkey+"\n"+witness.vkey()+"\n"))

	log := &memoryLog{}
	notes := map[int64][]byte{}
	for _, size := range sizes {
		for int64(len(log.entries)) < size {
			entry := make([]byte, random.Intn(70))
			random.Read(entry)
			log.append(entry)
		}
		tree := log.tree(size)
		text := fmt.Sprintf("%s\n%d\n%s\n", origin, size, tree.Hash)
		witness.seconds = uint64(random.Int63n(1 << 33))
		notes[size], err = note.Sign(&note.Note{Text: text}, signer, witness)
		if err != nil {
			panic(err)
		}
		write("checkpoints/"+strconv.FormatInt(size, 10), notes[size])
		for _, tile := range tilesFor(size) {
			data, err := tlog.ReadTileData(tile, log)
			if err != nil {
				panic(err)
			}
			write(tilePath(tile), data)
		}
		for n := int64(0); n*256 < size; n++ {
			end := n*256 + 256
			if end > size {
				end = size
			}
			bundle := entryBundle(log.entries[n*256 : end])
			write(tilePath(tlog.Tile{H: tileHeight, L: -1, N: n, W: int(end - n*256)}), bundle)
		}
	}
	writeProofs(sizes, notes, log, random, write)
}

func writeProofs(sizes []int64, notes map[int64][]byte, log *memoryLog, random *rand.Rand, write func(string, []byte)) {
	lines := func(hashes []tlog.Hash) string {
		var out strings.Builder
		for _, hash := range hashes {
			fmt.Fprintln(&out, hash)
		}
		return out.String()
	}
	for i, size := range sizes {
		for n := 0; n < 8 && size > 0; n++ {
			index := random.Int63n(size)
			proof, err := tlog.ProveRecord(size, index, log)
			if err != nil {
				panic(err)
			}
			head := fmt.Sprintf("c2sp.org/tlog-proof@v1\nindex %d\n%s\n", index, lines(proof))
			write(fmt.Sprintf("inclusion/%d-%d.tlog-proof", index, size), append([]byte(head), notes[size]...))
		}
		for _, earlier := range sizes[:i] {
			if earlier == 0 {
				continue
			}
			proof, err := tlog.ProveTree(size, earlier, log)
			if err != nil {
				panic(err)
			}
			write(fmt.Sprintf("consistency/%d-%d", earlier, size), []byte(lines(proof)))
		}
	}
}
