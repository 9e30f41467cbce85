package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// canonical is RFC 8785 written down a second time, from the RFC.
func canonical(text []byte) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return "", err
	}
	var out strings.Builder
	err := write(&out, value)
	return out.String(), err
}

func write(out *strings.Builder, value any) error {
	switch value := value.(type) {
	case nil:
		out.WriteString("null")
	case bool:
		fmt.Fprint(out, value)
	case json.Number:
		return writeNumber(out, value)
	case string:
		writeString(out, value)
	case []any:
		out.WriteByte('[')
		for i, item := range value {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := write(out, item); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case map[string]any:
		return writeObject(out, value)
	}
	return nil
}

func writeObject(out *strings.Builder, value map[string]any) error {
	names := make([]string, 0, len(value))
	for name := range value {
		names = append(names, name)
	}
	// 3.2.3: by UTF-16 code units.
	slices.SortFunc(names, func(a, b string) int {
		return slices.Compare(utf16.Encode([]rune(a)), utf16.Encode([]rune(b)))
	})
	out.WriteByte('{')
	for i, name := range names {
		if i > 0 {
			out.WriteByte(',')
		}
		writeString(out, name)
		out.WriteByte(':')
		if err := write(out, value[name]); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

// 3.2.2.3: as ECMAScript writes numbers.
func writeNumber(out *strings.Builder, text json.Number) error {
	number, err := text.Float64()
	if err != nil {
		return err
	}
	size := max(number, -number)
	switch {
	case number == 0:
		out.WriteByte('0')
	case size >= 1e-6 && size < 1e21:
		out.WriteString(strconv.FormatFloat(number, 'f', -1, 64))
	default:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(number, 'e', -1, 64), "e")
		out.WriteString(mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:], "0"))
	}
	return nil
}

var short = map[rune]string{'\b': `\b`, '\t': `\t`, '\n': `\n`, '\f': `\f`, '\r': `\r`, '"': `\"`, '\\': `\\`}

// 3.2.2.2: nothing is escaped that need not be.
func writeString(out *strings.Builder, text string) {
	out.WriteByte('"')
	for _, char := range text {
		if escape, found := short[char]; found {
			out.WriteString(escape)
		} else if char < 0x20 {
			fmt.Fprintf(out, `\u%04x`, char)
		} else {
			out.WriteRune(char)
		}
	}
	out.WriteByte('"')
}
