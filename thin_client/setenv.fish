# Source this file in fish: `source thin_client/setenv.fish`. It puts the workflows on PATH and completes their names, options and
# values; `slipway_deactivate` undoes it. `.env` stays with the workflows, which read it themselves.

# Sets _slipway_found to what complete.sh knows; false where that is nothing, and a file may be meant.
function _slipway_look
    set -l current (commandline -ct)
    set -g _slipway_found (command sh "$SLIPWAY_ROOT/thin_client/complete.sh" (commandline -opc) "$current")
    test -n "$_slipway_found"
end

function slipway_deactivate
    for name in i $_slipway_names
        complete -e -c $name
    end
    for dir in "$SLIPWAY_ROOT/thin_client/bin" $SLIPWAY_COMMANDS_DIR
        while set -l at (contains -i -- $dir $PATH)
            set -e PATH[$at]
        end
    end
    set -e SLIPWAY_ROOT
    set -e SLIPWAY_COMMANDS_DIR
    set -e _slipway_names
    set -e _slipway_found
    functions -e _slipway_look slipway_deactivate _slipway_activate
end

function _slipway_activate -a root
    set -gx SLIPWAY_ROOT $root
    # The dir of the commands is named by the checksum of the scripts', as thin_client/env/commands.ts has it.
    set -l files (command ls "$root/scripts" | string match -r '^[^.].*_.*\.ts$|^_.*\.ts$' | env LC_ALL=C sort)
    set -g _slipway_names (string replace -r '\.ts$' '' -- $files)
    set -l sum (printf '%s\n' $files | command cksum | string split ' ')
    set -l data "$XDG_DATA_HOME"
    test -n "$data"; or set data "$HOME/.local/share"
    set -l commands "$SLIPWAY_COMMANDS"
    test -n "$commands"; or set commands "$data/slipway/commands"
    set -l dirs "$root/thin_client/bin"
    if test -d "$commands/$sum[1]"
        set -gx SLIPWAY_COMMANDS_DIR "$commands/$sum[1]"
        set dirs $SLIPWAY_COMMANDS_DIR $dirs
    end
    for dir in $dirs
        contains -- $dir $PATH; or set -gx PATH $dir $PATH
    end
    for name in i $_slipway_names
        complete -c $name -f -n _slipway_look -a '$_slipway_found'
    end
end

_slipway_activate (string replace -r '/thin_client/[^/]*$' '' -- (realpath (status filename)))
