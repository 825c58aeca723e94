// Oracle reads what packages/transparency writes, with golang.org/x/mod/sumdb/note and tlog where they have the format and
// from the specifications where they have not. It shares no code with the TypeScript that it judges.
//
//	oracle vectors VECTORS               every fixture of vectors/transparency and vectors/plexi, as JSON
//	oracle log FOLDER                    a whole log: checkpoints, tiles, entries, proofs (logdir.go)
//	oracle write FOLDER SEED SIZE ...    makes one, sizes ascending
//	oracle verdicts < QUESTIONS.json     one answer a question (verdicts.go)
//
// Exit code 1: something does not hold. 2: not called like this.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

func main() {
	args := os.Args[1:]
	switch {
	case len(args) == 2 && args[0] == "vectors":
		reports := checkVectors(args[1])
		print(reports)
		for _, report := range reports {
			if len(report.Disagreed) > 0 {
				os.Exit(1)
			}
		}
	case len(args) == 2 && args[0] == "log":
		var counts logCounts
		if found := verdictOf(func() { counts = checkLogFolder(args[1]) }); found != nil {
			fmt.Fprintln(os.Stderr, found)
			os.Exit(1)
		}
		print(counts)
	case len(args) >= 3 && args[0] == "write":
		numbers := make([]int64, len(args)-2)
		for i, arg := range args[2:] {
			number, err := strconv.ParseInt(arg, 10, 64)
			if err != nil {
				usage()
			}
			numbers[i] = number
		}
		writeLogFolder(args[1], numbers[0], numbers[1:])
	case len(args) == 1 && args[0] == "verdicts":
		var questions []question
		if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		answers := make([]string, len(questions))
		for i := range questions {
			answers[i] = answer(&questions[i])
		}
		print(answers)
	default:
		usage()
	}
}

func print(value any) {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "oracle vectors VECTORS | log FOLDER | write FOLDER SEED SIZE ... | verdicts")
	os.Exit(2)
}
