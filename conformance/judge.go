// A second opinion: what Debian's library of OCI runtime-tools thinks of a bundle, and what it reads of a control group.
//
//	judge bundle DIR            prints a line for each thing that is wrong with its configuration
//	judge group KIND PID PATH   prints what it holds the process to, as JSON of config.json's linux.resources.KIND
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"

	"github.com/hashicorp/go-multierror"
	"github.com/opencontainers/runtime-tools/cgroups"
	"github.com/opencontainers/runtime-tools/validate"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "bundle" {
		judgeBundle(os.Args[2])
	} else if len(os.Args) == 5 && os.Args[1] == "group" {
		judgeGroup(os.Args[2], os.Args[3], os.Args[4])
	} else {
		fail(fmt.Errorf("judge bundle DIR | judge group memory|cpu|pids PID PATH"))
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "judge:", err)
	os.Exit(1)
}

// All of the library's checks but those of the JSON schema, which it would fetch from the network, and of the version, of
// which it knows one.
func judgeBundle(directory string) {
	validator, err := validate.NewValidatorFromPath(directory, true, "linux")
	if err != nil {
		fail(err)
	}
	checks := []func() error{
		validator.CheckRoot, validator.CheckMounts, validator.CheckProcess,
		validator.CheckLinux, validator.CheckLinuxResources, validator.CheckAnnotations, validator.CheckHooks,
		validator.CheckMandatoryFields,
	}
	for _, check := range checks {
		found := multierror.Append(nil, check())
		for _, err := range found.WrappedErrors() {
			fmt.Println(err)
		}
	}
}

func judgeGroup(kind string, pidText string, path string) {
	pid, err := strconv.Atoi(pidText)
	if err != nil {
		fail(err)
	}
	groups, err := cgroups.FindCgroup()
	if err != nil {
		fail(err)
	}
	readers := map[string]func(int, string) (interface{}, error){
		"memory": func(pid int, path string) (interface{}, error) { return groups.GetMemoryData(pid, path) },
		"cpu":    func(pid int, path string) (interface{}, error) { return groups.GetCPUData(pid, path) },
		"pids":   func(pid int, path string) (interface{}, error) { return groups.GetPidsData(pid, path) },
	}
	read, known := readers[kind]
	if !known {
		fail(fmt.Errorf("no such kind: %s", kind))
	}
	found, err := read(pid, path)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(found); err != nil {
		fail(err)
	}
}
