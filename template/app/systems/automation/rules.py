"""What needs no model to be decided. Each rule is a predicate of a router."""

import re

from app.systems.automation.schemas import Classification, Email, Found, RefundDecision, Reply, Terms

_GRAVE = re.compile(
    r"\b(?:"
    # English
    r"lawyers?|solicitors?|attorneys?|lawsuit|legal action|sue you|court|police|fraud|scam|ombudsman"
    r"|consumer protection|trading standards|gdpr|data protection|data breach|personal data|hacked"
    r"|vulnerability|journalists?|newspaper|the press"
    # German
    r"|\w*anw(?:alt|\u00e4lt\w*|altes)|klage|verklagen|gericht\w*|polizei|strafanzeige|anzeige erstatten"
    r"|betrug"
    r"|verbraucher(?:zentrale|schutz)|dsgvo|datenschutz\w*|datenpanne|personenbezogen\w*|gehackt"
    r"|sicherheitsl\u00fccke|journalist\w*|zeitung|die presse"
    # French
    r"|avocate?s?|tribunal|plainte|poursuites?|police|escroquerie|fraude|rgpd|donn\u00e9es personnelles"
    r"|protection des donn\u00e9es|pirat\u00e9\w*|faille de s\u00e9curit\u00e9|journalistes?|la presse"
    r"|association de consommateurs"
    # Spanish
    r"|abogad[oa]s?|juzgado|demanda(?:r|r\u00e9|remos)?|denuncia\w*|polic\u00eda|estafa"
    r"|protecci\u00f3n de datos|datos personales|hackead[oa]|vulnerabilidad|periodistas?|la prensa"
    r"|defensa del consumidor"
    r")\b",
    re.IGNORECASE,
)
"""Of law, security and the press. A word too many costs a person a look; one too few can cost a deadline."""
_SURE = 0.7


def is_automatic(email: Email) -> bool:
    """Whether a machine has written."""
    return email.is_automatic


def is_grave(email: Email) -> bool:
    """Whether law, security or the press are concerned."""
    return bool(_GRAVE.search(f"{email.subject}\n{email.text}"))


def has_no_text(email: Email) -> bool:
    """Whether nothing was written."""
    return not email.text and not email.subject.strip()


def is_unsure(classification: Classification | None) -> bool:
    """Whether the model does not know, or is down."""
    return classification is None or classification.confidence < _SURE


def asks_for_known_order(classification: Classification | None, found: Found) -> bool:
    """Whether the database has the answer."""
    asks = classification is not None and classification.intent == "order_status"
    return asks and found.order is not None


def is_clear_refund(terms: Terms) -> bool:
    """Whether a refund may be given without asking: all that the policy demands holds."""
    return terms.amount is not None and not terms.doubts


def is_doubtful_refund(terms: Terms) -> bool:
    """Whether a person has to decide about a refund."""
    return terms.amount is not None and bool(terms.doubts)


def is_approved(decision: RefundDecision) -> bool:
    """Whether a person has agreed."""
    return decision.approved


def is_drafted(reply: Reply | None) -> bool:
    """Whether the model has written something."""
    return reply is not None
