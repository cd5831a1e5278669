"""What a fit is worth: diagnostics, accuracy, verdict, calibration."""
