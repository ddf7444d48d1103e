using Mallgram.Kernel.Problems;

namespace Mallgram.Payments;

internal static class PaymentProblems
{
    public static readonly ProblemCode OrderNotFound = new("order_not_found", 404,
        "There is no such order.", "Cette commande n'existe pas.");

    public static readonly ProblemCode PaymentNotFound = new("payment_not_found", 404,
        "There is no such payment.", "Ce paiement n'existe pas.");

    public static readonly ProblemCode OrderAlreadyPaid = new("order_already_paid", 409,
        "The order is paid already.", "La commande est déjà payée.");

    public static readonly ProblemCode OrderNotPayable = new("order_not_payable", 409,
        "The order does not take payments any more (status {0}).", "La commande n'accepte plus de paiement (statut {0}).");

    public static readonly ProblemCode PaymentInProgress = new("payment_in_progress", 409,
        "A payment of this order is under way; wait for it to end before starting another.",
        "Un paiement de cette commande est en cours ; attendez sa fin avant d'en commencer un autre.");

    public static readonly ProblemCode MethodNotAvailable = new("payment_method_not_available", 422,
        "No gateway offers {0} in {1} here. See GET /payments/methods.", "Aucune passerelle ne propose {0} en {1} ici. Voir GET /payments/methods.");

    public static readonly ProblemCode MethodNotTaken = new("payment_method_not_available", 422,
        "This store does not take {0}.", "Cette boutique n'accepte pas {0}.");

    public static readonly ProblemCode GatewayNotAvailable = new("gateway_not_available", 422,
        "The gateway {0} does not offer {1} in {2} here. See GET /payments/methods.",
        "La passerelle {0} ne propose pas {1} en {2} ici. Voir GET /payments/methods.");

    public static readonly ProblemCode Declined = new("payment_declined", 402, "{0}", "{0}");

    public static readonly ProblemCode ProviderUnavailable = new("payment_provider_unavailable", 503,
        "The payment service does not answer. Repeat the call with the same Idempotency-Key: it goes on with the same payment.",
        "Le service de paiement ne répond pas. Répétez l'appel avec le même Idempotency-Key : le même paiement reprendra.");

    public static readonly ProblemCode GatewayUnknown = new("gateway_unknown", 404,
        "There is no gateway of that name.", "Aucune passerelle ne porte ce nom.");

    public static readonly ProblemCode SignatureInvalid = new("signature_invalid", 401,
        "The notification does not prove that it comes from the gateway.", "La notification ne prouve pas qu'elle vient de la passerelle.");
}
