// Prints what Go's text/template makes of each of the templates on standard input: the judge of our own.
package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"text/template"
)

type binding struct{ HostIp, HostPort string }

type mount struct {
	Type, Source string
	RW           bool
}

// The types that docker has for such fields; the values come as JSON.
type value struct {
	Id, Text  string
	Size, Big int
	Ratio     float64
	On, Off   bool
	Names     []string
	None      []string
	Config    struct {
		Cmd    []string
		Labels map[string]string
		User   string
	}
	NetworkSettings struct{ Ports map[string][]binding }
	Mounts          []mount
}

// As the docker command documents them.
var functions = template.FuncMap{
	"json": func(v interface{}) string {
		var out bytes.Buffer
		encoder := json.NewEncoder(&out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(v); err != nil {
			panic(err)
		}
		return strings.TrimSpace(out.String())
	},
	"split": strings.Split,
	"join":  strings.Join,
	"title": strings.Title,
	"lower": strings.ToLower,
	"upper": strings.ToUpper,
	"pad": func(text string, before, after int) string {
		if text == "" {
			return text
		}
		return strings.Repeat(" ", before) + text + strings.Repeat(" ", after)
	},
	"truncate": func(text string, most int) string {
		if len(text) < most {
			return text
		}
		return text[:most]
	},
}

func printed(text string, of value) *string {
	parsed, err := template.New("").Funcs(functions).Parse(text)
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, of); err != nil {
		return nil
	}
	result := out.String()
	return &result
}

func main() {
	var asked struct {
		Value     value
		Templates []string
	}
	if err := json.NewDecoder(os.Stdin).Decode(&asked); err != nil {
		panic(err)
	}
	results := []*string{}
	for _, text := range asked.Templates {
		results = append(results, printed(text, asked.Value))
	}
	json.NewEncoder(os.Stdout).Encode(results)
}
