"""nginx's side of the adapter: its subrequests read and answered, byte for byte."""
