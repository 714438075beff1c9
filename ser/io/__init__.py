"""Files and URLs: atomic writing, listing of inputs, models of the Hugging Face Hub."""
