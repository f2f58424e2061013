/** What a shell reads once; it asks `sampan __complete` for every word, so that nothing of it goes out of date. */

/** Bash takes a colon and an equals sign for the end of a word, and puts its answer after the last one. */
const BASH = `# bash completion for sampan; add to ~/.bashrc: source <(sampan completion bash)
_sampan() {
    local line=\${COMP_LINE:0:COMP_POINT} current= answer= list= words=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    current=\${words[-1]}
    COMPREPLY=()
    while IFS= read -r answer; do
        list=\${answer%%$'\\t'*}
        if [[ $answer == :files ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
        elif [[ $answer != :* ]]; then
            COMPREPLY+=("\${list#"\${current%"\${current##*[:=]}"}"}")
        fi
    done < <("\${words[0]}" __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _sampan sampan
`;

const ZSH = `#compdef sampan
# zsh completion for sampan; add to ~/.zshrc: source <(sampan completion zsh)
_sampan() {
    local -a found
    local answer files=
    for answer in "\${(@f)$(\${words[1]} __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case $answer in
        :files) files=yes ;;
        :*|'') ;;
        *) found+=("\${\${answer%%$'\\t'*}//:/\\\\:}:\${answer#*$'\\t'}") ;;
        esac
    done
    (( \${#found} )) && _describe sampan found
    [[ -n $files ]] && _files
}
if [[ \${funcstack[1]} == _sampan ]]; then _sampan "$@"; else compdef _sampan sampan; fi
`;

const FISH = `# fish completion for sampan; add to ~/.config/fish/config.fish: sampan completion fish | source
function __sampan_complete
    set -l words (commandline -opc)
    for answer in ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
        switch $answer
            case ':files'
                __fish_complete_path (commandline -ct)
            case ':*'
            case '*'
                echo $answer
        end
    end
end
complete -c sampan -f -a '(__sampan_complete)'
`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
