/// States that the details of every leaf before ``before`` were dropped by age, save those that a later leaf shares.
///
/// Because dropping is a leaf itself, details that are merely gone are told apart from details that were dropped.
struct DetailsDropped: LeafBody, Hashable {
  static var kind: LeafKind { .detailsDropped }

  var before: Int
  var count: Int
}
