// Holds the log against golang.org/x/mod: signed heads, inclusion of leaves, and the way from an earlier head.
//
//	go run sumdb.go SAMPLE
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type about struct {
	Origin string
	Log    string
	Places []int64
}

// tiles reads the folder of a log; the library's paths carry the height of a tile, those of the format do not.
type tiles struct{ folder string }

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
}
func (t tiles) file(path string) ([]byte, error) { return os.ReadFile(filepath.Join(t.folder, path)) }
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		content, err := t.file(t.path(tile))
		if err != nil {
			return nil, err
		}
		all = append(all, content)
	}
	return all, nil
}

// leaf reads one leaf out of its tile of entries.
func (t tiles) leaf(index, size int64) []byte {
	width := 256
	if rest := size - index/256*256; rest < 256 {
		width = int(rest)
	}
	rest := must(t.file(strings.Replace(t.path(tlog.Tile{H: 8, L: 0, N: index / 256, W: width}), "tile/0/", "tile/entries/", 1)))
	for skip := index % 256; skip > 0; skip-- {
		rest = rest[2+binary.BigEndian.Uint16(rest):]
	}
	return rest[2 : 2+binary.BigEndian.Uint16(rest)]
}

var accepted, refused int

func accepts(what string, err error) {
	accepted++
	if err != nil {
		fmt.Printf("x/mod: %s: refused: %v\n", what, err)
		os.Exit(1)
	}
}

func refuses(what string, err error) {
	refused++
	if err == nil {
		fmt.Printf("x/mod: %s: accepted\n", what)
		os.Exit(1)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Println("x/mod:", err)
		os.Exit(1)
	}
	return value
}

// head opens a signed head.
func head(origin string, text []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != origin {
		return tlog.Tree{}, errors.New("not a head of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func main() {
	folder := os.Args[1]
	var sample about
	accepts("sample", json.Unmarshal(must(os.ReadFile(filepath.Join(folder, "sample.json"))), &sample))
	log := tiles{filepath.Join(folder, "full", "log")}
	key := must(note.NewVerifier(sample.Log))

	text := must(log.file("checkpoint"))
	tree, err := head(sample.Origin, text, key)
	accepts("head", err)
	_, err = head(sample.Origin, bytes.Replace(text, []byte(fmt.Sprintf("\n%d\n", tree.N)), []byte("\n9999\n"), 1), key)
	refuses("a changed head", err)

	hashes := tlog.TileHashReader(tree, log)
	for _, place := range sample.Places {
		leaf := log.leaf(place, tree.N)
		proof := must(tlog.ProveRecord(tree.N, place, hashes))
		accepts("a leaf by tiles", tlog.CheckRecord(proof, tree.N, tree.Hash, place, tlog.RecordHash(leaf)))
		refuses("a changed leaf", tlog.CheckRecord(proof, tree.N, tree.Hash, place, tlog.RecordHash(append(leaf[:len(leaf):len(leaf)], ' '))))
		byProof(sample, key, place, leaf, must(os.ReadFile(filepath.Join(folder, "proofs", fmt.Sprintf("%d.tlog-proof", place)))))
	}

	old, err := head(sample.Origin, must(os.ReadFile(filepath.Join(folder, "earlier.checkpoint"))), key)
	accepts("an earlier head", err)
	way := must(tlog.ProveTree(tree.N, old.N, hashes))
	accepts("the way from an earlier head", tlog.CheckTree(way, tree.N, tree.Hash, old.N, old.Hash))
	refuses("another earlier head", tlog.CheckTree(way, tree.N, tree.Hash, old.N, tree.Hash))
	fmt.Printf("x/mod: %d accepted, %d refused, 0 failures\n", accepted, refused)
}

// byProof checks a leaf by a proof file: its lines up to an empty one, then a signed head.
func byProof(sample about, key note.Verifier, place int64, leaf, file []byte) {
	start, text, _ := strings.Cut(string(file), "\n\n")
	tree, err := head(sample.Origin, []byte(text), key)
	accepts("the head of a proof", err)
	var proof tlog.RecordProof
	for _, line := range strings.Split(start, "\n")[2:] {
		var hash tlog.Hash
		copy(hash[:], must(base64.StdEncoding.DecodeString(line)))
		proof = append(proof, hash)
	}
	accepts("a leaf by its proof", tlog.CheckRecord(proof, tree.N, tree.Hash, place, tlog.RecordHash(leaf)))
	refuses("a leaf at another place", tlog.CheckRecord(proof, tree.N, tree.Hash, (place+1)%tree.N, tlog.RecordHash(leaf)))
}
