package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
)

// document reads canonical JSON (RFC 8785) of Coffer's kind, in which every number is an integer that a double holds
// exactly. code is what its mismatches are refused with.
type document struct{ code string }

type object = map[string]any

func (d document) parse(data []byte, bytesMax int) any {
	d.require(len(data) <= bytesMax, "over its limit")
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	d.require(decoder.Decode(&value) == nil, "not JSON")
	_, err := decoder.Token()
	d.require(err == io.EOF, "something after the value")
	// Duplicate names, other orders, escapes and white space all come out differently.
	d.require(string(canonical(value)) == string(data), "not canonical")
	return value
}

func (d document) require(holds bool, what string) { require(holds, d.code, what) }

func (d document) object(value any, names ...string) object {
	fields, is := value.(object)
	d.require(is && len(fields) == len(names), "not an object of the expected names")
	for _, name := range names {
		_, has := fields[name]
		d.require(has, "a name is missing")
	}
	return fields
}

func (d document) list(value any, max int) []any {
	items, is := value.([]any)
	d.require(is && len(items) <= max, "not a list within its limit")
	return items
}

func (d document) text(value any, pattern *regexp.Regexp) string {
	text, is := value.(string)
	d.require(is && (pattern == nil || pattern.MatchString(text)), "not a text of the expected form")
	return text
}

func (d document) integer(value any, min, max int64) int64 {
	number, is := value.(json.Number)
	d.require(is, "not a number")
	integer, err := strconv.ParseInt(number.String(), 10, 64)
	d.require(err == nil && integer >= min && integer <= max, "a number out of range")
	return integer
}

var lowerHex = regexp.MustCompile(`^([0-9a-f]{2})*$`)

func (d document) hex(value any, length int) []byte {
	data := d.anyHex(value, length)
	d.require(len(data) == length, "not hexadecimal of its length")
	return data
}

func (d document) anyHex(value any, max int) []byte {
	text := d.text(value, lowerHex)
	data, _ := hex.DecodeString(text)
	d.require(len(data) <= max, "too long")
	return data
}

// ascendingHex is a list of at least one, in strictly ascending order.
func (d document) ascendingHex(value any, length, max int) [][]byte {
	list := d.anyAscendingHex(value, length, max)
	d.require(len(list) > 0, "an empty list")
	return list
}

func (d document) anyAscendingHex(value any, length, max int) [][]byte {
	items := d.list(value, max)
	list := make([][]byte, len(items))
	for i, item := range items {
		list[i] = d.hex(item, length)
		d.require(i == 0 || bytes.Compare(list[i-1], list[i]) < 0, "a list out of order")
	}
	return list
}

// canonical writes a value as RFC 8785 says. What it cannot represent comes out as something that no input equals.
func canonical(value any) []byte {
	switch value := value.(type) {
	case nil:
		return []byte("null")
	case bool:
		return strconv.AppendBool(nil, value)
	case json.Number:
		integer, err := strconv.ParseInt(value.String(), 10, 64)
		if err != nil || integer > treeSizeMax || integer < -treeSizeMax {
			return []byte("\x00")
		}
		return strconv.AppendInt(nil, integer, 10)
	case string:
		return canonicalString(value)
	case []any:
		parts := make([]string, len(value))
		for i, item := range value {
			parts[i] = string(canonical(item))
		}
		return []byte("[" + strings.Join(parts, ",") + "]")
	case object:
		names := make([]string, 0, len(value))
		for name := range value {
			names = append(names, name)
		}
		sort.Slice(names, func(i, j int) bool { return lessUTF16(names[i], names[j]) })
		parts := make([]string, len(names))
		for i, name := range names {
			parts[i] = string(canonicalString(name)) + ":" + string(canonical(value[name]))
		}
		return []byte("{" + strings.Join(parts, ",") + "}")
	}
	panic(fmt.Sprintf("canonical: %T", value))
}

func lessUTF16(a, b string) bool {
	x, y := utf16.Encode([]rune(a)), utf16.Encode([]rune(b))
	for i := range x {
		if i == len(y) || x[i] != y[i] {
			return i < len(y) && x[i] < y[i]
		}
	}
	return len(x) < len(y)
}

func canonicalString(text string) []byte {
	short := map[rune]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`, '"': `\"`, '\\': `\\`}
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range text {
		if escape, is := short[r]; is {
			out.WriteString(escape)
		} else if r < 0x20 {
			fmt.Fprintf(&out, `\u%04x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	out.WriteByte('"')
	return []byte(out.String())
}
