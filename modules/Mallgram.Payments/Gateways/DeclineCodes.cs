using Mallgram.Kernel;

namespace Mallgram.Payments.Gateways;

/// <summary>Why a payment failed, in one vocabulary for all gateways, with advice for the buyer.</summary>
internal static class DeclineCodes
{
    public const string InsufficientFunds = "insufficient_funds";
    public const string UserRejected = "user_rejected";
    public const string NotApprovedInTime = "not_approved_in_time";
    public const string PayerNotFound = "payer_not_found";
    public const string LimitReached = "limit_reached";
    public const string NotAllowed = "not_allowed";
    public const string Cancelled = "cancelled";
    public const string GatewayRefused = "gateway_refused";
    public const string NeverReceived = "never_received";

    private static readonly Dictionary<string, LocalText> Advice = new(StringComparer.Ordinal)
    {
        [InsufficientFunds] = new("There is not enough money on the account. Top it up or pay another way.",
            "Le solde du compte est insuffisant. Rechargez-le ou payez autrement."),
        [UserRejected] = new("The request was rejected on the phone. Start again when you are ready.",
            "La demande a été refusée sur le téléphone. Recommencez quand vous êtes prêt."),
        [NotApprovedInTime] = new("The request was not approved in time. Start again and approve it on the phone.",
            "La demande n'a pas été approuvée à temps. Recommencez et approuvez-la sur le téléphone."),
        [PayerNotFound] = new("That number has no mobile money account. Check the number.",
            "Ce numéro n'a pas de compte mobile money. Vérifiez le numéro."),
        [LimitReached] = new("The account has reached its limit. Try a smaller amount or another account.",
            "Le compte a atteint sa limite. Essayez un montant plus petit ou un autre compte."),
        [NotAllowed] = new("The account may not make this payment. Use another account.",
            "Ce compte ne peut pas effectuer ce paiement. Utilisez un autre compte."),
        [Cancelled] = new("The payment was cancelled.", "Le paiement a été annulé."),
        [GatewayRefused] = new("The payment service refused the payment. Try again later or pay another way.",
            "Le service de paiement a refusé le paiement. Réessayez plus tard ou payez autrement."),
        [NeverReceived] = new("The request never reached the payment service. Start again.",
            "La demande n'est pas parvenue au service de paiement. Recommencez."),
    };

    public static LocalText AdviceFor(string code) => Advice.GetValueOrDefault(code, Advice[GatewayRefused]);
}
