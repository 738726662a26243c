// Package data reads JSON as Pillion does: an integer that fits 64 bits is an int64, any other number a float64.
package data

import (
	"bytes"
	"encoding/json"
	"os"
	"strconv"
)

// Read parses a file.
func Read(path string) (any, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	err = decoder.Decode(&value)
	return numbers(value), err
}

func numbers(value any) any {
	switch value := value.(type) {
	case json.Number:
		if number, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			return number
		}
		number, _ := value.Float64()
		return number
	case []any:
		for i := range value {
			value[i] = numbers(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = numbers(value[key])
		}
	}
	return value
}
