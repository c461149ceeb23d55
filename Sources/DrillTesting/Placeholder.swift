import DrillModel
