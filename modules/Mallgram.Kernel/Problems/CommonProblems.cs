namespace Mallgram.Kernel.Problems;

/// <summary>Problems that belong to no module. Each module keeps its own beside its use cases.</summary>
public static class CommonProblems
{
    public static readonly ProblemCode MalformedRequest = new("malformed_request", 400,
        "The request cannot be read: {0}.", "La requête est illisible : {0}.");

    public static readonly ProblemCode MalformedJson = new("malformed_json", 400,
        "The body is not the JSON this endpoint takes (at {0}).", "Le corps n'est pas le JSON attendu ici (à {0}).");

    public static readonly ProblemCode ValidationFailed = new("validation_failed", 422,
        "Some fields are not valid; see errors.", "Certains champs ne sont pas valides ; voir errors.");

    public static readonly ProblemCode NotFound = new("not_found", 404,
        "There is nothing here.", "Il n'y a rien ici.");

    public static readonly ProblemCode MethodNotAllowed = new("method_not_allowed", 405,
        "This address does not take that method.", "Cette adresse n'accepte pas cette méthode.");

    public static readonly ProblemCode Unauthenticated = new("unauthenticated", 401,
        "Sign in first: the access token is missing, expired or not valid.",
        "Connectez-vous : le jeton d'accès est absent, expiré ou invalide.");

    public static readonly ProblemCode Forbidden = new("forbidden", 403,
        "Your role does not allow this.", "Votre rôle ne le permet pas.");

    public static readonly ProblemCode UnsupportedMediaType = new("unsupported_media_type", 415,
        "Send JSON with Content-Type application/json.", "Envoyez du JSON avec Content-Type application/json.");

    public static readonly ProblemCode BodyTooLarge = new("body_too_large", 413,
        "The body is larger than the {0} bytes taken here.", "Le corps dépasse les {0} octets acceptés ici.");

    public static readonly ProblemCode InternalError = new("internal_error", 500,
        "Something went wrong on our side. Quote the request id if you write to us.",
        "Une erreur est survenue chez nous. Indiquez le numéro de requête si vous nous écrivez.");

    public static readonly ProblemCode Unavailable = new("service_unavailable", 503,
        "The service cannot answer right now; try again shortly.", "Le service ne peut pas répondre ; réessayez dans un instant.");

    public static readonly ProblemCode StoreNotFound = new("store_not_found", 404,
        "There is no store of that name.", "Aucune boutique ne porte ce nom.");

    public static readonly ProblemCode CursorInvalid = new("cursor_invalid", 400,
        "The cursor is not one that this list gave out for these filters.", "Le curseur ne vient pas de cette liste avec ces filtres.");

    public static readonly ProblemCode IdempotencyKeyRequired = new("idempotency_key_required", 400,
        "Send an Idempotency-Key header (1 to 255 characters), a new one for each intended operation.",
        "Envoyez un en-tête Idempotency-Key (1 à 255 caractères), nouveau pour chaque opération voulue.");

    public static readonly ProblemCode IdempotencyKeyInvalid = new("idempotency_key_invalid", 400,
        "Send exactly one Idempotency-Key of 1 to 255 printable ASCII characters.",
        "Envoyez exactement un Idempotency-Key de 1 à 255 caractères ASCII imprimables.");

    public static readonly ProblemCode IdempotencyKeyReused = new("idempotency_key_reused", 422,
        "This Idempotency-Key was used with another body. Use a new key for a new operation.",
        "Cet Idempotency-Key a servi avec un autre corps. Prenez une nouvelle clé pour une nouvelle opération.");

    public static readonly ProblemCode IdempotencyKeyInProgress = new("idempotency_key_in_progress", 409,
        "The first call with this Idempotency-Key is still running; ask again shortly.",
        "Le premier appel avec cet Idempotency-Key est encore en cours ; redemandez dans un instant.");
}
