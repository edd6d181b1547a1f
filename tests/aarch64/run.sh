#!/usr/bin/env bash
# The tests of the sandbox on aarch64: a Debian 12 of that machine in qemu, with a kernel of its own.
#
#   apt-get install qemu-system-arm mmdebstrap cpio
#   tests/aarch64/run.sh [pytest arguments]      # by default all of tests/textgym/sandbox
#
# Emulated it is some twenty times slower than the host. CI does not run it. Ends with the exit status of pytest.
# FOLDER: where the machine is built, and kept for the next time (default runs/aarch64, half a gigabyte).
# SOURCES: Debian's package sources, as mmdebstrap takes them (default: its own mirrors).
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=${FOLDER:-$repository/runs/aarch64}
python=${PYTHON:-$repository/.venv/bin/python}
packages="gymnasium numpy RestrictedPython pydantic-monty pytest pytest-timeout pytest-xdist hypothesis rich tyro"
mkdir -p "$folder"

if [ ! -e "$folder/debian.cpio.gz" ]; then
	rm -rf "$folder/debian"
	mmdebstrap --variant=extract --architectures=arm64 --aptopt='APT::Install-Recommends "false"' \
		--include=python3,linux-image-arm64,busybox-static,libstdc++6,libgcc-s1 bookworm "$folder/debian" ${SOURCES:+"$SOURCES"}
	cp "$folder"/debian/boot/vmlinuz-* "$folder/kernel"
	rm -rf "$folder"/debian/{boot,lib/modules,usr/share/{doc,locale,man}}
	# shellcheck disable=SC2086
	"$python" -m pip install --quiet --target "$folder/debian/opt/site" --only-binary=:all: --python-version 3.11 \
		--platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64 -c "$repository/constraints.txt" $packages
	(cd "$folder/debian" && find . | cpio --quiet -o -H newc | gzip -1) >"$folder/debian.cpio.gz.part"
	mv "$folder/debian.cpio.gz.part" "$folder/debian.cpio.gz"
fi

# The present tree, committed or not, and the first process: a second archive, unpacked over the first.
rm -rf "$folder/over"
mkdir -p "$folder/over/repository"
(cd "$repository" && git ls-files -z --cached --others --exclude-standard textgym tasks tests pyproject.toml |
	xargs -0 cp --parents -t "$folder/over/repository" 2>/dev/null) || true
printf '%q ' "${@:-tests/textgym/sandbox}" >"$folder/over/arguments"
cp "$repository/tests/aarch64/init.sh" "$folder/over/init"
chmod 755 "$folder/over/init"
(cd "$folder/over" && find . | cpio --quiet -o -H newc | gzip -1) >"$folder/over.cpio.gz"
cat "$folder/debian.cpio.gz" "$folder/over.cpio.gz" >"$folder/initrd"

qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on -smp 2 -m 4G -nographic -no-reboot -nic none \
	-kernel "$folder/kernel" -initrd "$folder/initrd" -append "console=ttyAMA0 quiet panic=-1" </dev/null |
	tee "$folder/log"
exit "$(tr -d '\r' <"$folder/log" | sed -n 's/^pytest ended with \([0-9]*\)$/\1/p' | grep . || echo 1)"
