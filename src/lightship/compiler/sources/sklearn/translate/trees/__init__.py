"""Translators of decision trees and of ensembles of them."""
