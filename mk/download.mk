# The public corpora, from their official addresses. docs/corpora.md has sizes, licences and layouts.
# A checksum stands here where its publisher gives one; mk/fetch.py refuses a file that differs.
# Each address is a variable, so that a mirror or a local copy (file://…) can stand in for it.

FETCH = $(CHECK_PYTHON); $(PYTHON) mk/fetch.py

.PHONY: download-ravdess download-ravdess-song download-tess download-crema-d download-emodb \
        download-savee download-nemo

#: download-CORPUS	ravdess, ravdess-song, tess, crema-d, emodb, savee or nemo, into data/

RAVDESS_URL ?= https://zenodo.org/records/1188976/files/Audio_Speech_Actors_01-24.zip?download=1
RAVDESS_MD5 ?= bc696df654c87fed845eb13823edef8a
download-ravdess:
	@$(FETCH) zip data/ravdess '$(RAVDESS_URL)' --md5 '$(RAVDESS_MD5)'

RAVDESS_SONG_URL ?= https://zenodo.org/records/1188976/files/Audio_Song_Actors_01-24.zip?download=1
RAVDESS_SONG_MD5 ?= 5411230427d67a21e18aa4d466e6d1b9
download-ravdess-song:
	@$(FETCH) zip data/ravdess-song '$(RAVDESS_SONG_URL)' --md5 '$(RAVDESS_SONG_MD5)'

# The catalogue of the Dataverse gives every file's MD5.
TESS_SERVER ?= https://borealisdata.ca
download-tess:
	@$(FETCH) dataverse data/tess '$(TESS_SERVER)' doi:10.5683/SP2/E8H2MF

# Git brings the Git LFS pointers, which hold every file's SHA-256, and mk/fetch.py the files:
# git-lfs itself is not needed, and the videos stay where they are.
CREMA_D_GIT   ?= https://github.com/CheyneyComputerScience/CREMA-D.git
CREMA_D_MEDIA ?= https://media.githubusercontent.com/media/CheyneyComputerScience/CREMA-D/master
download-crema-d:
	@command -v git >/dev/null || { echo 'error: git: no such command; CREMA-D is a Git repository: install git' >&2; exit 1; }
	@if [ ! -e data/crema-d ] && [ ! -e data/crema-d.part/AudioWAV ]; then \
	    rm -rf data/crema-d.part && export GIT_LFS_SKIP_SMUDGE=1 && \
	    git clone --quiet --depth 1 --filter=blob:none --sparse '$(CREMA_D_GIT)' data/crema-d.part && \
	    git -C data/crema-d.part sparse-checkout set AudioWAV; fi
	@$(FETCH) lfs data/crema-d '$(CREMA_D_MEDIA)'

EMODB_URL ?= http://emodb.bilderbar.info/download/download.zip
EMODB_MD5 ?=
download-emodb:
	@$(FETCH) zip data/emodb '$(EMODB_URL)' $(if $(EMODB_MD5),--md5 '$(EMODB_MD5)')

NEMO_URL ?= https://github.com/amu-cai/nEMO/archive/refs/heads/main.zip
NEMO_MD5 ?=
download-nemo:
	@$(FETCH) zip data/nemo '$(NEMO_URL)' $(if $(NEMO_MD5),--md5 '$(NEMO_MD5)')

download-savee:
	@echo 'SAVEE is free for research, but its authors want to know who uses it:' >&2
	@echo '  1. register at http://kahlan.eps.surrey.ac.uk/savee/Download.html' >&2
	@echo '  2. download AudioData.zip with the name and password they send' >&2
	@echo '  3. unpack it: $(PYTHON) mk/fetch.py zip data/savee file:///path/to/AudioData.zip' >&2
	@test -d data/savee
