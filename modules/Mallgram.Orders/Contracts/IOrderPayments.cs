using Mallgram.Kernel;
using Mallgram.Kernel.Idempotency;
using Mallgram.Kernel.Persistence;

namespace Mallgram.Orders.Contracts;

/// <summary>What Payments needs of an order.</summary>
/// <param name="Status">Word of the contract: <c>pending</c>, <c>paid</c>, <c>cancelled</c>…</param>
/// <param name="CustomerPhone">E.164 with <c>+</c>, or null.</param>
/// <param name="Country">ISO alpha-2 of the shipping address.</param>
public sealed record PayableOrder(Guid Id, string Number, string Status, Money Total, string? CustomerPhone, string Country);

/// <summary>What came of marking an order paid.</summary>
public enum MarkPaidOutcome
{
    /// <summary>
    /// The order went from pending to paid in this transaction. Its goods may be gone all the same: then its payment status is
    /// <c>needs_review</c>, its history says what is short, and the money stays where it is until somebody decides.
    /// </summary>
    Paid,

    /// <summary>Another payment had paid it: this money is to be given back.</summary>
    AlreadyPaid,

    /// <summary>The order no longer takes money (cancelled).</summary>
    NotPayable,
}

/// <summary>The order side of a payment. Methods that change take the caller's transaction, so that money and order commit together.</summary>
public interface IPayableOrders
{
    Task<PayableOrder?> FindAsync(StoreTransaction transaction, Guid orderId, CancellationToken ct);

    /// <summary>
    /// Keeps the order's stock for as long as a payment may take. A hold that was released is taken again; this fails when others have
    /// bought the goods meanwhile, so that nobody pays for what is gone.
    /// </summary>
    /// <param name="until">UTC; when the gateway's session ends.</param>
    /// <exception cref="Kernel.Problems.ProblemException">409 <c>out_of_stock</c>; the caller rolls back.</exception>
    Task HoldForPaymentAsync(StoreTransaction transaction, Guid orderId, DateTimeOffset until, CancellationToken ct);

    /// <summary>
    /// Locks the order and marks it paid once: history, stock commitment and the event <see cref="OrderEvents.Paid"/> with it. Money that
    /// comes after the hold was released takes the stock again; where it is gone, the event is <see cref="OrderEvents.NeedsReview"/> instead.
    /// </summary>
    Task<MarkPaidOutcome> MarkPaidAsync(StoreTransaction transaction, Guid orderId, Guid paymentId, CancellationToken ct);

    /// <summary>Shows on a still unpaid order how its last payment stands.</summary>
    /// <param name="paymentStatus"><c>pending</c>, <c>failed</c> or <c>needs_review</c>.</param>
    Task SetPaymentStatusAsync(StoreTransaction transaction, Guid orderId, string paymentStatus, CancellationToken ct);
}

/// <summary>How the buyer wants to pay.</summary>
/// <param name="Method"><c>mobile_money</c>, <c>card</c>, <c>bank_transfer</c>, <c>cash_on_delivery</c>.</param>
/// <param name="Gateway">A gateway's name, or null to have one chosen.</param>
/// <param name="Phone">Payer's number for mobile money.</param>
/// <param name="ReturnUrl">Where a redirecting gateway sends the buyer back.</param>
public sealed record PaymentChoice(string? Method, string? Gateway, string? Phone, string? ReturnUrl);

/// <summary>Starts a payment for an order; implemented by Payments, which knows Orders and not the other way round.</summary>
public interface IPaymentStarter
{
    /// <returns>The answer of <c>POST /payments/initialize</c>, the stored one when the key was used before.</returns>
    /// <exception cref="Kernel.Problems.ProblemException">The payment could not be started; the order is untouched.</exception>
    Task<(StoredAnswer Answer, bool Replayed)> StartAsync(Guid orderId, PaymentChoice choice, IdempotencyKey key, CancellationToken ct);
}

/// <summary>A payment of an order, for staff.</summary>
public sealed record OrderPaymentView(string Id, string Gateway, string Method, string Status, Money Amount, string? DeclineCode, string? ReviewReason, DateTimeOffset CreatedAt);

/// <summary>The payments of an order, oldest first; implemented by Payments.</summary>
public interface IOrderPaymentViews
{
    Task<IReadOnlyList<OrderPaymentView>> ListAsync(Guid orderId, CancellationToken ct);
}
