// Reads HTTP/1.1 with net/http, for comparing: a line of JSON with {kind, method, hex} gives one with {messages, fault}.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

type question struct{ Kind, Method, Hex string }

type message struct {
	Start      string   `json:"start"`
	Fields     []string `json:"fields"`
	Body       string   `json:"body"`
	IsComplete bool     `json:"isComplete"`
}

type reading struct {
	Messages []message `json:"messages"`
	Fault    *string   `json:"fault"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		var given question
		if err := json.Unmarshal(lines.Bytes(), &given); err != nil {
			panic(err)
		}
		data, err := hex.DecodeString(given.Hex)
		if err != nil {
			panic(err)
		}
		read := readRequests
		if given.Kind == "response" {
			read = func(input *bufio.Reader) reading { return readResponse(input, given.Method) }
		}
		answer, _ := json.Marshal(read(bufio.NewReader(bytes.NewReader(data))))
		out.Write(append(answer, '\n'))
		out.Flush()
	}
}

func readRequests(input *bufio.Reader) reading {
	result := reading{Messages: []message{}}
	for {
		request, err := http.ReadRequest(input)
		if errors.Is(err, io.EOF) {
			return result
		}
		if err != nil {
			return result.failed(err)
		}
		start := fmt.Sprintf("%s %s %d.%d", request.Method, request.RequestURI, request.ProtoMajor, request.ProtoMinor)
		if err := result.add(start, request.Header, request.Body); err != nil {
			return result.failed(err)
		}
	}
}

func readResponse(input *bufio.Reader, method string) reading {
	result := reading{Messages: []message{}}
	for {
		response, err := http.ReadResponse(input, &http.Request{Method: method})
		if err != nil {
			return result.failed(err)
		}
		if response.StatusCode >= 200 || response.StatusCode == 101 {
			if err := result.add(fmt.Sprint(response.StatusCode), response.Header, response.Body); err != nil {
				return result.failed(err)
			}
			return result
		}
	}
}

func (result *reading) add(start string, header http.Header, body io.Reader) error {
	fields := []string{}
	for name, values := range header {
		for _, value := range values {
			fields = append(fields, strings.ToLower(name)+": "+latin1(value))
		}
	}
	content, err := io.ReadAll(body)
	result.Messages = append(result.Messages, message{start, fields, latin1(string(content)), err == nil})
	return err
}

func (result reading) failed(err error) reading {
	fault := err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		fault = "cut"
	}
	result.Fault = &fault
	return result
}

// One character for each byte.
func latin1(text string) string {
	runes := make([]rune, len(text))
	for index := range len(text) {
		runes[index] = rune(text[index])
	}
	return string(runes)
}
