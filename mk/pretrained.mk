# The models that ship in ser/pretrained/, from the recordings up. To change a model, change these
# lines. RAVDESS is what is recognised and cross-validated; TESS and nEMO support it. Copies in noise,
# through telephones and in rooms are what makes the models hear through them.
PRETRAINED_RECIPE   = noise:5..25,noise:5..25+telephone,telephone,lowpass,reverb,noise:8..20+reverb

# Folds that are trained at the same time.
CV_JOBS ?= 2

# The default model: embeddings of Whisper's encoder (a name on the Hugging Face Hub, or a folder with
# its weights as CTranslate2 has them), and prosody.
ENCODER ?= openai/whisper-tiny.en
DEFAULT_FEATURES = --preset emotion --features rms --pool stats --normalise none \
    --functionals contours+encoder --encoder $(ENCODER) --seed 0
DEFAULT_TRAINING = --arch lda --support tess,nemo --seed 1

# The small model: a network on spectra, and prosody.
SMALL_FEATURES = --preset emotion --seed 0
SMALL_TRAINING = --arch prosody-cnn --support tess,nemo --precision bfloat16 --epochs 30 --seed 2

PRETRAINED := build/pretrained
CLASSIFIERS := default small

.PHONY: pretrained $(CLASSIFIERS:%=pretrained-%)
#: pretrained CORPORA=... [ENCODER=...]	the shipped classifiers: cross-validated on RAVDESS, then trained on all speakers
pretrained: $(CLASSIFIERS:%=pretrained-%)

# A copy, because the file that a checkout brings looks newer than everything it is made from.
$(CLASSIFIERS:%=pretrained-%): pretrained-%: $(PRETRAINED)/%.keras
	cp $< ser/pretrained/

# $(1): the model's name; $(2): in capitals.
define CLASSIFIER
$(PRETRAINED)/$(1)-ravdess.npy: CLIPS = --vocal-channel speech --augment '$$(PRETRAINED_RECIPE)' --copies 2
$(PRETRAINED)/small-tess.npy: CLIPS = --augment '$$(PRETRAINED_RECIPE)' --copies 1

$(PRETRAINED)/$(1)-%.npy: $$(CORPORA)/% | $$(VENV)/.installed
	@mkdir -p $$(@D)
	$$(BIN)/ser-extract $$< --corpus $$* $$(CLIPS) $$($(2)_FEATURES) -o $$@

$(PRETRAINED)/$(1).npy: $$(addprefix $(PRETRAINED)/$(1)-,ravdess.npy tess.npy nemo.npy)
	$$(BIN)/ser-merge $$^ -o $$@

# The five speaker-independent folds of Luna-Jiménez et al. (2021): these figures stand in the card.
build/cv/$(1)/.done: $(PRETRAINED)/$(1).npy
	$$(BIN)/ser-train $$< $$($(2)_TRAINING) --cv ravdess --jobs $$(CV_JOBS) -o $$(@D)/
	@touch $$@

$(PRETRAINED)/$(1).keras: $(PRETRAINED)/$(1).npy build/cv/$(1)/.done
	$$(BIN)/ser-train $$< $$($(2)_TRAINING) --validation 0 --report build/cv/$(1) -o $$@
endef
$(eval $(call CLASSIFIER,default,DEFAULT))
$(eval $(call CLASSIFIER,small,SMALL))

TRANSLATOR_TRAINING = --arch gan-translate --epochs 8 --seed 1

TRANSLATOR       := $(PRETRAINED)/translate.keras
TRANSLATOR_TABLE := $(PRETRAINED)/pairs.npy

.PHONY: translator
#: translator CORPORA=...	the shipped translator, trained on all speakers of RAVDESS
translator: $(TRANSLATOR)
	cp $< ser/pretrained/

$(TRANSLATOR_TABLE): $(CORPORA)/ravdess | $(VENV)/.installed
	@mkdir -p $(@D)
	$(BIN)/ser-extract $< --corpus ravdess --vocal-channel speech --preset translate -o $@

$(TRANSLATOR): $(TRANSLATOR_TABLE)
	$(BIN)/ser-train $< $(TRANSLATOR_TRAINING) -o $@
