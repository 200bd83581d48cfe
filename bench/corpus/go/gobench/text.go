package main

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
)

const megabyte = 1 << 20

// flateBench compresses a megabyte of words and expands it again.
func flateBench(n int, seed *random) string {
	var text strings.Builder
	for text.Len() < megabyte {
		text.WriteString(seed.word())
		text.WriteByte(' ')
	}
	total := 0
	for range n {
		var packed bytes.Buffer
		w, err := flate.NewWriter(&packed, 6)
		if err != nil {
			fail("flate:", err)
		}
		// Writes to a bytes.Buffer do not fail.
		_, _ = io.WriteString(w, text.String())
		_ = w.Close()
		expanded, err := io.ReadAll(flate.NewReader(&packed))
		if err != nil {
			fail("flate:", err)
		}
		total += len(expanded)
	}
	return strconv.Itoa(total)
}

type record struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	Tags  []string          `json:"tags"`
	Map   map[string]string `json:"m"`
	Float float64           `json:"f"`
}

// jsonBench writes 2000 records as JSON and reads them back.
func jsonBench(n int, seed *random) string {
	records := make([]record, 2000)
	for i := range records {
		records[i] = record{
			ID:    i,
			Name:  "name" + strconv.Itoa(i),
			Tags:  vocabulary[:3],
			Map:   map[string]string{"a": "b", "k": vocabulary[i%len(vocabulary)]},
			Float: float64(seed.next()) / 7,
		}
	}
	sum := 0
	for range n {
		text, err := json.Marshal(records)
		if err != nil {
			fail("json:", err)
		}
		var back []record
		if err := json.Unmarshal(text, &back); err != nil {
			fail("json:", err)
		}
		sum += len(text) + len(back)
	}
	return strconv.Itoa(sum)
}

// regexpBench finds all addresses in a text of 3000 words.
func regexpBench(n int, seed *random) string {
	address := regexp.MustCompile(`([a-z]+)@([a-z]+)\.(com|org|net)`)
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(seed.word())
		if i%7 == 0 {
			text.WriteString("@example.org")
		}
		text.WriteByte(' ')
	}
	found := 0
	for range n {
		found += len(address.FindAllStringSubmatch(text.String(), -1))
	}
	return strconv.Itoa(found)
}

// sha256Bench hashes a megabyte, each time with the last hash at its head.
func sha256Bench(n int, _ *random) string {
	block := make([]byte, megabyte)
	hash := sha256.Sum256(block)
	for range n {
		copy(block, hash[:])
		hash = sha256.Sum256(block)
	}
	return fmt.Sprintf("%x", hash[:8])
}
